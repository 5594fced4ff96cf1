#!/usr/bin/env python3
"""Computes statistics of builds (R16) from the release history, one build at a time, in a language and with a time
zone database that are not the service's. Questions are drawn from a seed; they and their figures go to statistics.json:

    python3 tests/history/statistics.py > tests/history/statistics.json

Figures that are not whole are written as texts, every digit of them.
"""

import gzip
import json
import random
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

SEED = 20261123
CASES = 120
MAX_BUCKETS = 100
FILE = Path(__file__).parent.parent / "fixtures/history/release-history.ndjson.gz"

RANK = {"pending": 0, "started": 1, "completed": 2, "failed": 2, "aborted": 2}
DAY_US = 24 * 3600 * 1_000_000
TEN_MINUTES_US = 600 * 1_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "America/Sao_Paulo", "Asia/Kathmandu",
    "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Chatham",
]


def us(at):
    return (at - EPOCH) // timedelta(microseconds=1)


def at_us(number):
    return EPOCH + timedelta(microseconds=number)


def parse_us(text):
    return None if text is None else us(datetime.fromisoformat(text.replace("Z", "+00:00")))


def accepted_events():
    """The events about builds that R3 does not refuse, by version."""
    commits, versions = {}, {}
    for number, line in enumerate(gzip.open(FILE, "rt")):
        event = json.loads(line)
        body = event["body"]
        key = (body["product_name"], body["version"])
        sha = body["scm_sha"]
        if commits.setdefault(key, sha) != sha:
            continue
        if event["type"] == "version_event":
            at = parse_us(body["occurred_at"])
            versions.setdefault(key, []).append((at, RANK[body["status"]], number, body))
    return versions


class Build:
    def __init__(self, at, invoke):
        self.first_at, self.invoke = at, invoke
        self.events = []

    def finish(self):
        finishes = [event for event in self.events if event[1] == 2]
        return finishes[-1] if finishes else None

    def takes_bare(self, at):
        return self.finish() is None and at - self.events[-1][0] <= DAY_US


def builds_of(events):
    """R5: which events are one build."""
    builds = []
    for event in sorted(events, key=lambda event: event[:3]):
        at, _, _, body = event
        latest = builds[-1] if builds else None
        run, attempt = body.get("invoke_id"), body.get("invoke_attempt")
        if not run:
            build = latest if latest and latest.takes_bare(at) else None
            invoke = None
        else:
            same = [b for b in builds if b.invoke and b.invoke[0] == run]
            if attempt is not None:
                build = next((b for b in same if b.invoke[1] == attempt), None)
                invoke = (run, attempt)
            elif not same:
                build, invoke = None, (run, 1)
            else:
                build, invoke = same[-1], None
                finish = build.finish()
                if finish and at - finish[0] > TEN_MINUTES_US:
                    build, invoke = None, (run, max(b.invoke[1] for b in same) + 1)
            if build is None and latest and not latest.invoke and latest.takes_bare(at):
                build = latest
                build.invoke = invoke
        if build is None:
            build = Build(at, invoke)
            builds.append(build)
        build.events.append(event)
    return builds


def facts(product, build):
    """R6 and R16: what a build counts as."""
    bodies = [event[3] for event in build.events]
    last = lambda field: next((b[field] for b in reversed(bodies) if b.get(field)), "")
    given = [parse_us(b["started_at"]) for b in bodies if b.get("started_at")]
    starts = [event for event in build.events if event[1] == 1]
    start = min(given) if given else starts[0][0] if starts else None
    fact = {"product": product, "branch": last("scm_branch"), "source": last("source_system"), "duration": None}
    finish = build.finish()
    if finish is None:
        at = start if start is not None else build.first_at
        return fact | {"status": bodies[-1]["status"], "at": at}
    at = parse_us(finish[3].get("completed_at")) or finish[0]
    tells_start = next((e for e in build.events if e[1] == 1 or e[3].get("started_at")), None)
    both = finish[3].get("started_at") and finish[3].get("completed_at")
    if start is not None and at >= start and (tells_start is not finish or both):
        fact["duration"] = at - start
    return fact | {"status": finish[3]["status"], "at": at}


def statistics(builds, statuses):
    counts = {status: sum(b["status"] == status for b in builds) for status in RANK}
    ended = counts["completed"] + counts["failed"]
    durations = sorted(b["duration"] for b in builds if b["status"] in statuses and b["duration"] is not None)
    told = {"total": len(builds), "count": len(durations)} | {s: n for s, n in counts.items() if n}
    if ended:
        told["success_rate"] = repr(counts["completed"] / ended)
    if durations:
        told["mean_us"] = repr(sum(durations) / len(durations))
        told["min_us"], told["max_us"] = durations[0], durations[-1]
        for percent in (50, 90, 95, 99):
            told[f"p{percent}_us"] = durations[-(-percent * len(durations) // 100) - 1]
    return told


def midnight(day, zone):
    # In a gap this is the moment at which clocks are changed; of two, it is the first.
    return us(datetime(day.year, day.month, day.day, tzinfo=zone))


def bounds(start, end, bucket, zone):
    """The bounds of the buckets of a trend."""
    if bucket == "HOUR":
        clock = lambda t: (lambda local: (local.date(), local.hour, local.utcoffset()))(at_us(t).astimezone(zone))
        minute = 60 * 1_000_000
        minutes = range(start // minute * minute + minute, end, minute)
        return [start] + [t for t in minutes if clock(t) != clock(t - 1)] + [end]
    day = at_us(start).astimezone(zone).date()
    if bucket == "WEEK":
        day -= timedelta(days=day.weekday())
    if bucket == "MONTH":
        day = day.replace(day=1)
    found = [start]
    while found[-1] < end:
        if bucket == "MONTH":
            day = date(day.year + day.month // 12, day.month % 12 + 1, 1)
        else:
            day += timedelta(days=7 if bucket == "WEEK" else 1)
        begins = midnight(day, zone)
        if begins > found[-1]:
            found.append(min(begins, end))
    return found


def draw(rng, builds):
    """A question."""
    of = rng.choice(builds)
    products = sorted({b["product"] for b in builds})
    case = {
        "product_name": rng.choice(["", "", of["product"], rng.choice(products)]),
        "scm_branch": rng.choice([""] * 6 + [of["branch"]] * 5 + ["no such branch"]),
        "source_system": rng.choice([""] * 6 + [of["source"]] * 5 + ["no such system"]),
        "group_by": rng.choice(["UNSPECIFIED", "PRODUCT", "BRANCH", "SOURCE_SYSTEM"]),
        "duration_statuses": rng.choice([[], [], ["failed"], ["aborted", "completed"], ["completed", "failed", "aborted"]]),
    }
    # From about a build's finish, often exactly at it, to about another's.
    other = rng.choice(builds)
    near = lambda b: b["at"] + rng.choice([0, 0, 1, -1, rng.randrange(-90 * DAY_US, 90 * DAY_US)])
    case["from_us"], case["to_us"] = sorted((near(of), near(other) + 2))
    if rng.random() < 0.6:
        case["bucket"] = rng.choice(["HOUR", "DAY", "WEEK", "MONTH"])
        case["time_zone"] = rng.choice(ZONES)
        width = {"HOUR": DAY_US // 24, "DAY": DAY_US, "WEEK": 7 * DAY_US, "MONTH": 28 * DAY_US}[case["bucket"]]
        case["to_us"] = min(case["to_us"], case["from_us"] + rng.randrange(2, MAX_BUCKETS - 5) * width)
    return case


def answer(case, builds):
    key = {"PRODUCT": "product", "BRANCH": "branch", "SOURCE_SYSTEM": "source"}.get(case["group_by"])
    for field, name in (("product", "product_name"), ("branch", "scm_branch"), ("source", "source_system")):
        builds = [b for b in builds if case[name] in ("", b[field])]
    cut = [case["from_us"], case["to_us"]]
    if "bucket" in case:
        cut = bounds(*cut, case["bucket"], ZoneInfo(case["time_zone"]))
    builds = [b for b in builds if cut[0] <= b["at"] < cut[-1]]
    statuses = case["duration_statuses"] or ["completed"]

    def buckets(builds):
        told = {}
        for place, (begin, end) in enumerate(zip(cut, cut[1:])):
            inside = [b for b in builds if begin <= b["at"] < end]
            if inside:
                told[place] = statistics(inside, statuses)
        return told

    groups = {}
    for build in builds if key else []:
        groups.setdefault(build[key], []).append(build)
    largest = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    most = min(100, 10_000 // (len(cut) - 1)) if "bucket" in case else 1000
    return case | {
        "bounds_us": cut,
        "buckets": buckets(builds),
        "groups": [[name, buckets(of)] for name, of in largest[:most]],
        "groups_truncated": len(largest) > most,
    }


def main():
    versions = accepted_events()
    builds = [facts(key[0], build) for key, events in versions.items() for build in builds_of(events)]
    rng = random.Random(SEED)
    cases = [answer(draw(rng, builds), builds) for _ in range(CASES)]
    print("[" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases) + "]")


main()
