/* SPDX-License-Identifier: MIT */
/*
 * 1004 is reserved; 1005, 1006 and 1015 are for interfaces and never travel
 * (section 7.4.1); 1012 to 1014 are IANA's later additions; 1016 to 2999 wait
 * for later versions of the protocol (section 7.4.2).
 */
#include "ws/close.h"

#include "ws/utf8.h"

bool weft_close_code_is_valid(unsigned code)
{
    if (code >= 3000 && code <= 4999)
        return true;
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

int weft_close_parse(struct weft_close *close, const uint8_t *payload,
                     size_t len, const char **why)
{
    if (len == 0) {
        *close = (struct weft_close){WEFT_CLOSE_NO_STATUS, "", 0};
        return 0;
    }
    if (len == 1) {
        *why = "close frame with half a code";
        return WEFT_ERR_PROTOCOL;
    }
    close->code = (uint16_t)(payload[0] << 8 | payload[1]);
    close->reason = (const char *)payload + 2;
    close->reason_len = len - 2;
    if (!weft_close_code_is_valid(close->code)) {
        *why = "close code that must not be sent";
        return WEFT_ERR_PROTOCOL;
    }
    if (!weft_utf8_is_valid(close->reason, close->reason_len)) {
        *why = "close reason that is not UTF-8";
        return WEFT_ERR_UTF8;
    }
    return 0;
}

int weft_close_write(uint8_t out[WEFT_CONTROL_MAX],
                     const struct weft_close *close)
{
    if (close->code == 0)
        return close->reason_len == 0 ? 0 : WEFT_ERR_USAGE;
    if (!weft_close_code_is_valid(close->code) ||
        close->reason_len > WEFT_REASON_MAX ||
        !weft_utf8_is_valid(close->reason, close->reason_len))
        return WEFT_ERR_USAGE;
    out[0] = (uint8_t)(close->code >> 8);
    out[1] = (uint8_t)close->code;
    if (close->reason_len > 0)
        memcpy(out + 2, close->reason, close->reason_len);
    return (int)(2 + close->reason_len);
}
