/* SPDX-License-Identifier: MIT */
/*
 * What a test does when it is over. Node stops at the first hook that fails and
 * leaves out the others; a process that one of them was to stop would then keep
 * the test's own process for ever. Here all are run, in their order.
 */
const lists = new WeakMap();

export function after(t, clean) {
    if (!lists.has(t)) {
        const list = [];

        lists.set(t, list);
        t.after(() => run(list));
    }
    lists.get(t).push(clean);
}

async function run(list) {
    const errors = [];

    for (const clean of list) {
        try {
            await clean();
        } catch (error) {
            errors.push(error);
        }
    }
    if (errors.length > 1)
        throw new AggregateError(errors, errors.map(String).join("\n"));
    if (errors.length)
        throw errors[0];
}
