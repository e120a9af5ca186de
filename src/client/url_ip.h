/* SPDX-License-Identifier: MIT */
/* Addresses as hosts of URLs (URL standard, section 3.5): more is read than
 * inet_pton takes, and what is written is one text for each address. */
#ifndef WEFT_CLIENT_URL_IP_H
#define WEFT_CLIENT_URL_IP_H

#include "base/slice.h"

#define WEFT_IPV4_TEXT sizeof("255.255.255.255")
#define WEFT_IPV6_TEXT sizeof("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")

/* Decimal digits only, at least one, as their value, or as max + 1 when it is
 * above max; -1: it is no number. */
int weft_url_number(struct weft_slice text, int max);

/* Whether the host "ends in a number", and so is an IPv4 address or wrong. */
bool weft_url_ends_in_number(struct weft_slice host);

/* One to four numbers, decimal, octal or hexadecimal, of which the last fills
 * what the others leave, and perhaps a dot behind them. */
bool weft_url_ipv4_parse(uint32_t *address, struct weft_slice text);
void weft_url_ipv4_write(char text[WEFT_IPV4_TEXT], uint32_t address);

/* Without brackets; no zone. The longest run of zeros is written as "::". */
bool weft_url_ipv6_parse(uint16_t pieces[8], struct weft_slice text);
void weft_url_ipv6_write(char text[WEFT_IPV6_TEXT], const uint16_t pieces[8]);

#endif
