# SPDX-License-Identifier: MIT
"""The ratios as a picture: for each row a point for each peer, and a line from
the least ratio of its rounds to the most."""

import statistics

from . import servers, table

COLOURS = ("#888888", "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9",
           "#d55e00", "#9a8700", "#000000")
MARKERS = "xoDs^vP*h"
TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


def better(row, ratio):
    """The ratio of the costs, also where the figure is the more the better."""
    return ratio if row.figure.less_is_better else 1 / ratio


def points(results, peer, rows):
    """(height, middle, least, most) of each row that has this ratio."""
    for at, row in enumerate(rows):
        ratios = [better(row, ratio) for ratio in
                  results.ratios(row.name, table.WEFT, peer) if ratio]
        if ratios:
            yield (at, statistics.median(ratios), min(ratios), max(ratios))


def draw_peer(axes, results, peer, rows, look):
    found = list(points(results, peer, rows))
    if not found:
        return
    at, middle, least, most = map(list, zip(*found))
    axes.errorbar(middle, at, fmt=look[1], color=look[0], label=peer,
                  xerr=[[m - low for m, low in zip(middle, least)],
                        [high - m for m, high in zip(middle, most)]],
                  markersize=6, linewidth=1, markeredgewidth=1.2,
                  fillstyle="none", clip_on=False)


def finish(axes, rows, about):
    axes.axvline(1, color="#444444", linewidth=1)
    axes.set_xscale("log")
    axes.set_yticks(range(len(rows)), [row.name for row in rows])
    axes.set_ylim(max(1, len(rows)) - 0.5, -0.5)
    low, high = axes.get_xlim()
    shown = [tick for tick in TICKS if low <= tick <= high]
    axes.set_xticks(shown, [f"{tick:g}" for tick in shown])
    axes.minorticks_off()
    axes.grid(True, color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in "top", "right", "left":
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0)
    axes.set_xlabel("Weft's cost as part of the peer's: left of 1, Weft is "
                    "cheaper")
    axes.set_title(f"{about.get('date', '')}, {about.get('processor', '')}",
                   fontsize=9, loc="left", color="#444444")


def draw(results, path):
    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "weft"
    from matplotlib import pyplot

    rows = [row for row in table.known_rows(results)
            if results.median(row.name, table.WEFT) is not None]
    figure, axes = pyplot.subplots(
        figsize=(9, 1.6 + 0.36 * max(1, len(rows))), layout="constrained")
    every = [server.name for server in servers.all_servers()
             if not server.name.startswith(table.WEFT)]
    looks = dict(zip(every, zip(COLOURS, MARKERS)))
    for peer in table.peers_of(results):
        draw_peer(axes, results, peer, rows, looks[peer])
    finish(axes, rows, results.about)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False,
                    title="Weft /", alignment="left")
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
