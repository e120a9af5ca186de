/* SPDX-License-Identifier: MIT */
/*
 * Certificates for tests of TLS, made by make-certs beside this file. A test
 * process makes them once, in a folder that goes when it ends.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

let dir;

function make() {
    dir = mkdtempSync(join(tmpdir(), "weft-certs-"));
    process.once("exit", () => rmSync(dir, { recursive: true }));
    execFileSync(fileURLToPath(new URL("make-certs", import.meta.url)), [dir]);
}

/* The path of a file of that set: "server.pem". */
export function certPath(file) {
    if (!dir)
        make();
    return join(dir, file);
}

export const certFile = (file) => readFileSync(certPath(file));

/* A certificate and its key, as node's tls takes them. */
export const identity = (name) => ({ cert: certFile(`${name}.pem`),
                                     key: certFile(`${name}.key`) });

/* The same, as weft serve takes them. */
export const certArgs = (...names) => names.flatMap(
    (name) => ["-c", certPath(`${name}.pem`), "-k", certPath(`${name}.key`)]);
