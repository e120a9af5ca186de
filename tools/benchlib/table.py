# SPDX-License-Identifier: MIT
"""Tables of ratios and of figures, as Markdown and as JSON."""

import statistics

from . import rows, servers

WEFT = "weft"
TWO = "weft-2"  # compared with Weft alone, below the tables
PREFIXES = {"ns": ((1e6, "ms"), (1e3, "µs"), (1, "ns")),
            "/s": ((1e6, "M/s"), (1e3, "k/s"), (1, "/s")),
            "B": ((1024, "KiB"), (1, "B")),
            "x": ((1, "×"),)}


def short(value):
    """Three digits that count."""
    if value >= 100 or value == 0:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def amount(value, unit):
    for size, name in PREFIXES[unit]:
        if value >= size:
            break
    return f"{short(value / size)} {name}"


def peers_of(results):
    """In the order of the list, those that were asked at all."""
    known = [server.name for server in servers.all_servers()]
    return [name for name in known
            if name in results.servers and not name.startswith(WEFT)]


def spread(ratios):
    """Median (least to most)."""
    middle = short(statistics.median(ratios))
    if len(ratios) == 1:
        return middle
    return f"{middle} ({short(min(ratios))}–{short(max(ratios))})"


def line(cells):
    return "| " + " | ".join(cells) + " |"


def head(cells):
    return [line(cells), line(["---"] * len(cells))]


def mark(row):
    return row.name if row.figure.less_is_better else f"{row.name} ↑"


def known_rows(results):
    return [row for row in rows.ROWS
            if row.name in results.rows and TWO not in row.servers]


def ratio_table(results):
    peers = peers_of(results)
    out = head(["row", "Weft", *[f"/ {name}" for name in peers]])
    for row in known_rows(results):
        own = results.median(row.name, WEFT)
        cells = [mark(row), "–" if own is None else
                 amount(own, row.figure.unit)]
        for peer in peers:
            ratios = results.ratios(row.name, WEFT, peer)
            cells.append(spread(ratios) if ratios else "–")
        out.append(line(cells))
    return out


def figure_table(results):
    names = [name for name in (WEFT, *peers_of(results))
             if name in results.servers]
    out = head(["row", "what", *names])
    for row in known_rows(results):
        cells = [mark(row), row.figure.what]
        for name in names:
            value = results.median(row.name, name)
            cells.append("–" if value is None else
                         amount(value, row.figure.unit))
        out.append(line(cells))
    return out


def wire_notes(results):
    """Bytes of a message from the server, as part of what zlib 6 makes."""
    for row in known_rows(results):
        if not row.wire:
            continue
        parts = [(name, results.packed_part(row.name, name))
                 for name in (WEFT, *peers_of(results))]
        told = [f"{name} {part:.2f}" for name, part in parts if part]
        if told:
            yield (f"{row.name}: bytes on the wire to those of zlib's level 6, "
                   f"each message alone: {', '.join(told)}.")


def thread_notes(results):
    for row in rows.ROWS:
        one, two = (results.median(row.name, name) for name in (WEFT, TWO))
        if TWO in row.servers and one and two:
            yield (f"{row.name}: {amount(one, row.figure.unit)} with one "
                   f"thread, {amount(two, row.figure.unit)} with two.")


def tail_notes(results):
    """The latencies of which the table has the ratio."""
    for name in (WEFT, *peers_of(results)):
        told = [[raw[when]["latency_ns"]["p99_9"] for when in ("alone", "among")]
                for raw in results.raws.get(("tail", name), [])]
        if told:
            alone, among = (amount(statistics.median(times), "ns")
                            for times in zip(*told))
            yield f"tail, {name}: p99.9 {alone} alone, {among} among others."


def group(pairs):
    """{key: [values]} of pairs, both in the order they came."""
    out = {}
    for key, value in pairs:
        out.setdefault(key, []).append(value)
    return out


def reasons(results):
    """Why there are gaps; a sentence for what several have in common."""
    of_one = group(((name, why.rstrip(".")), row)
                   for (row, name), why in results.reasons.items()
                   if (row, name) not in results.values)
    shared = group(((tuple(names), why), name)
                   for (name, why), names in of_one.items())
    for (names, why), who in shared.items():
        yield f"{', '.join(who)} ({', '.join(names)}): {why}."


def notes(results):
    return [f"- {text}" for text in (*wire_notes(results), *tail_notes(results),
                                  *thread_notes(results), *reasons(results))]


def markdown(results):
    about = results.about
    known = servers.by_name()
    out = [f"`{about.get('command', 'script/bench')}`, "
           f"{about.get('date', '')}, {about.get('processor', '')}, "
           f"{about.get('cores', '?')} cores, {about.get('system', '')}", "",
           "Weft's figure, and what part it is of each peer's (median, least "
           "and most of the rounds). Less than 1 is better; in rows with ↑, "
           "more.", "", *ratio_table(results), "",
           "The figures: medians of the rounds.", "",
           *figure_table(results), ""]
    for name in peers_of(results):
        version = about.get("versions", {}).get(name, "")
        out.append(f"- {name}: {known[name].what}"
                   f"{', ' + version if version else ''}")
    gaps = notes(results)
    return "\n".join(out + ([""] + gaps if gaps else [])) + "\n"


def as_json(results):
    out = {"run": results.about, "rows": []}
    for row in known_rows(results):
        entry = {"row": row.name, "title": row.title, "unit": row.figure.unit,
                 "what": row.figure.what, "servers": {}}
        for name in (WEFT, *peers_of(results)):
            value = results.median(row.name, name)
            told = {"median": value}
            if value is None:
                told["reason"] = results.reasons.get((row.name, name), "")
            ratios = results.ratios(row.name, WEFT, name)
            if ratios and name != WEFT:
                told["ratio"] = {"median": statistics.median(ratios),
                                 "min": min(ratios), "max": max(ratios)}
            entry["servers"][name] = told
        out["rows"].append(entry)
    return out


def insert(page, table, begin, end):
    """The page with the table between its two markers."""
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"no {begin} and {end}")
    return f"{before}{begin}\n\n{table}\n{end}{after}"
