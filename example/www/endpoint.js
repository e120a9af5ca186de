/* SPDX-License-Identifier: MIT */
/*
 * Where the pages connect to: ?url= if it is given, else /echo at the server
 * that served the page, else, when the page was opened as a file, the server
 * that script/server starts. These files are classic scripts, not modules,
 * since a browser loads no module for a page that is a file.
 */
"use strict";

const DEFAULT_URL = "ws://localhost:9998/echo";

function endpointUrl() {
    const given = new URLSearchParams(location.search).get("url");

    if (given)
        return given;
    if (location.protocol === "http:")
        return `ws://${location.host}/echo`;
    if (location.protocol === "https:")
        return `wss://${location.host}/echo`;
    return DEFAULT_URL;
}
