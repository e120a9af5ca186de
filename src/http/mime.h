/* SPDX-License-Identifier: MIT */
/* The media type for a file's name. */
#ifndef WEFT_HTTP_MIME_H
#define WEFT_HTTP_MIME_H

/* By the last extension, without regard to case; text types with
 * "; charset=utf-8". "application/octet-stream" for the unknown. Static. */
const char *weft_mime_type(const char *path);

#endif
