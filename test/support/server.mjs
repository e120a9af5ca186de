/* SPDX-License-Identifier: MIT */
/*
 * Starts the weft program for a test and stops it again. The program is the
 * one that the environment variable WEFT names, by default build/weft.
 *
 * startServer resolves once the program has said where it listens; it rejects,
 * with what the program wrote to standard error, when the program ends before
 * that or takes too long. A test process that ends by itself leaves no server
 * behind.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));
export const program = resolve(root, process.env.WEFT || "build/weft");

const START_MS = 60_000; /* handlers are compiled first, perhaps sanitized */
const STOP_MS = 15_000;  /* beyond the server's own bound for a drain */
const LISTENING = /https?:\/\/(?:\[[^\]\s]*\]|[^\s:/]+):(\d+)\//;
const SECURE = /https:\/\/(?:\[[^\]\s]*\]|[^\s:/]+):(\d+)\//;

/*
 * Options: port (0: any), handlers and www (folders), origin (null: none but
 * the same host's), args (more arguments of weft serve), env (more variables),
 * under (a program and its arguments that runs the other). Gives:
 *
 *   port, url    "http://localhost:PORT/"; with --tls it is https
 *   securePort   the port with TLS, if there is one: with --tls it is the same
 *   child        the process
 *   stdout()     what it has written so far
 *   stderr()
 *   stop()       sends SIGTERM; resolves to the exit status, or to the name of
 *                the signal that ended the program
 */
export async function startServer({
    port = 0,
    handlers = resolve(root, "example/handlers"),
    www = resolve(root, "example/www"),
    origin = "any",
    args = [],
    env = {},
    under = [],
} = {}) {
    if (!existsSync(program))
        throw new Error(`${program} does not exist: run script/build, or ` +
                        "set WEFT to the program");
    const [file, ...argv] = [...under, program, "serve", "-p", String(port),
                             "-w", handlers, "-d", www,
                             ...(origin ? ["--origin", origin] : []), ...args];
    const child = spawn(file, argv,
                        { cwd: root, env: { ...process.env, ...env },
                          stdio: ["ignore", "pipe", "pipe"] });
    const output = { stdout: "", stderr: "" };
    const ended = new Promise((done) =>
        child.once("close", (code, signal) => done(signal || code)));
    const kill = () => child.kill("SIGKILL");

    process.once("exit", kill);
    ended.then(() => process.off("exit", kill));
    for (const name of ["stdout", "stderr"]) {
        child[name].setEncoding("utf8");
        child[name].on("data", (text) => { output[name] += text; });
    }
    try {
        port = await listening(child, output, ended);
    } catch (error) {
        kill();
        throw error;
    }
    const securePort = Number(SECURE.exec(output.stdout)?.[1]) || undefined;

    return {
        port,
        securePort,
        url: `http${port === securePort ? "s" : ""}://localhost:${port}/`,
        child,
        stdout: () => output.stdout,
        stderr: () => output.stderr,
        stop: () => stop(child, ended),
    };
}

/* The port, from the first line that names it. */
function listening(child, output, ended) {
    return new Promise((done, fail) => {
        const give = (why) => {
            clearTimeout(timer);
            fail(new Error(`weft serve ${why}\n${output.stderr}`));
        };
        const timer = setTimeout(
            () => give(`did not listen within ${START_MS} ms`), START_MS);

        child.once("error", (error) => give(`did not start: ${error.message}`));
        ended.then((how) => give(`ended with ${how} before it listened`));
        child.stdout.on("data", () => {
            const line = LISTENING.exec(output.stdout);

            if (!line)
                return;
            clearTimeout(timer);
            done(Number(line[1]));
        });
    });
}

async function stop(child, ended) {
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);

    child.kill("SIGTERM");
    try {
        return await ended;
    } finally {
        clearTimeout(timer);
    }
}
