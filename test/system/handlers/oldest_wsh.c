/* SPDX-License-Identifier: MIT */
/* Numbered messages, of which the oldest are dropped. */
#include "numbered.h"

WEFT_HANDLER(.message = send_wanted, .slow = WEFT_SLOW_DROP_OLDEST)
