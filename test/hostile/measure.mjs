/* SPDX-License-Identifier: MIT */
/* What a server costs, for the tests of this folder. */
import { readFileSync } from "node:fs";

export const isAsan = process.env.WEFT_KIND === "asan";

export const MIB = 1 << 20;

/* Bytes of a process in memory. */
export function rssOf({ pid }) {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");

    return 1024 * Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)[1]);
}

/* Milliseconds of processor that it has used; 10 is the least difference. */
export function cpuOf({ pid }) {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");

    return 10 * (Number(fields[11]) + Number(fields[12]));
}

/* Writes as fast as the other side takes it; false when that has gone. */
export async function pour(peer, bytes) {
    if (peer.over)
        return false;
    if (!peer.socket.write(bytes))
        await new Promise((done) => {
            const go = () => {
                for (const event of ["drain", "close"])
                    peer.socket.off(event, go);
                done();
            };

            peer.socket.on("drain", go);
            peer.socket.on("close", go);
        });
    return !peer.over;
}
