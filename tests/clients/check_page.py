"""Fails unless the code that docs/clients.md shows is code of the programs in tests/clients."""

import pathlib
import re
import sys

clients = pathlib.Path(__file__).parent
page = (clients / "../../docs/clients.md").read_text(encoding="utf-8")
programs = {
    "go": ["go/main.go"],
    "python": ["python/client.py", "python/limits.py"],
    "ts": ["typescript/client.ts"],
    "java": ["java/src/main/java/com/example/Client.java"],
}


def without_indentation(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines())


for language, code in re.findall(r"```(go|python|ts|java)\n(.*?)```", page, re.DOTALL):
    texts = [(clients / name).read_text(encoding="utf-8") for name in programs[language]]
    if not any(without_indentation(code) in without_indentation(text) for text in texts):
        sys.exit(f"docs/clients.md shows code that is not in {' or '.join(programs[language])}:\n{code}")
