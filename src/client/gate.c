/* SPDX-License-Identifier: MIT */
/*
 * A gate is made by the first who comes and goes with the last. Hosts that are
 * being connected to at the same moment are few, so they are looked through;
 * how many wait for one of them makes no difference.
 */
#include "client/gate.h"

#include "base/mem.h"

struct weft_gate {
    struct weft_list node;   /* of the loop */
    struct weft_list passes; /* never empty: the first is inside */
    const struct weft_mem *mem;
    size_t size; /* of this struct, key included */
    char key[];
};

static struct weft_gate *find(struct weft_loop *loop, const char *key)
{
    struct weft_list *gates = weft_loop_gates(loop);

    for (struct weft_list *n = gates->next; n != gates; n = n->next) {
        struct weft_gate *gate = WEFT_OF(n, struct weft_gate, node);

        if (strcmp(gate->key, key) == 0)
            return gate;
    }
    return NULL;
}

static struct weft_gate *make(struct weft_loop *loop, const char *key)
{
    const struct weft_mem *mem = weft_loop_mem(loop);
    size_t size = sizeof(struct weft_gate) + strlen(key) + 1;
    struct weft_gate *gate = weft_zalloc(mem, size);

    if (!gate)
        return NULL;
    gate->mem = mem;
    gate->size = size;
    memcpy(gate->key, key, strlen(key));
    weft_list_init(&gate->passes);
    weft_list_append(weft_loop_gates(loop), &gate->node);
    return gate;
}

int weft_gate_enter(struct weft_gate_pass *pass, struct weft_loop *loop,
                    const char *key)
{
    struct weft_gate *gate = find(loop, key);

    if (!gate)
        gate = make(loop, key);
    if (!gate)
        return WEFT_ERR_NOMEM;
    pass->gate = gate;
    weft_list_append(&gate->passes, &pass->node);
    return 0;
}

void weft_gate_leave(struct weft_gate_pass *pass)
{
    struct weft_gate *gate = pass->gate;
    bool was_inside = weft_gate_is_inside(pass);
    struct weft_gate_pass *next;

    if (!gate)
        return;
    pass->gate = NULL;
    weft_list_remove(&pass->node);
    if (weft_list_is_empty(&gate->passes)) {
        weft_list_remove(&gate->node);
        weft_free(gate->mem, gate, gate->size);
    } else if (was_inside) {
        next = WEFT_OF(gate->passes.next, struct weft_gate_pass, node);
        next->admit(next);
    }
}

bool weft_gate_is_inside(const struct weft_gate_pass *pass)
{
    return pass->gate && pass->gate->passes.next == &pass->node;
}

bool weft_gate_is_waiting(const struct weft_gate_pass *pass)
{
    return pass->gate && pass->gate->passes.next != &pass->node;
}
