/* SPDX-License-Identifier: MIT */
/* Sends as many numbered messages as the client asks for; one that does not
 * read them is closed, which is the default. */
#include "numbered.h"

WEFT_HANDLER(.message = send_wanted)
