# The menu of this repository: `just` lists it. Each entry calls cargo or a script, which work without just too.

_default:
    @just --list --unsorted

# Serve on 127.0.0.1:50051, with the data in versioner.db
run *arguments:
    cargo run -- {{arguments}}

# The quick tests, on SQLite
fast *arguments:
    scripts/test --fast {{arguments}}

# Every test, on SQLite and Postgres; arguments go to cargo test
test *arguments:
    scripts/test {{arguments}}

# Every check that a change must pass
ci:
    .ci/run

# What takes too long for each change
long:
    scripts/long

# Format the code
format:
    cargo fmt

# Lint the code
lint:
    cargo clippy --locked --all-targets -- -D warnings

# The documentation of the code, in target/doc
doc:
    cargo doc --locked --no-deps --document-private-items

# Measure the service, for a few minutes
bench *arguments:
    scripts/bench --quick {{arguments}}

# A throwaway Postgres in a folder; prints its URL. `just postgres-stop DIR` removes it
postgres dir:
    scripts/postgres start {{dir}}

postgres-stop dir:
    scripts/postgres destroy {{dir}}

# Write the licences of third-party software to NOTICE
notice:
    scripts/notice

# Known vulnerabilities of dependencies; needs access to the internet
advisories:
    cargo deny check advisories

# Run the commands in README.md and docs/, and write their outputs into the pages
update-docs *pages:
    scripts/update-docs {{pages}}

# Try the OpenAPI document against a server
openapi *arguments:
    scripts/try-openapi {{arguments}}

# Generate the stubs of four languages and use them; `just stubs go` for one
stubs *languages:
    scripts/try-stubs {{languages}}

# Try the documentation page in a browser
docs-page:
    scripts/try-docs

# Write the real outputs of all commands into README.md and docs/
update-docs *pages:
    scripts/update-docs {{pages}}

# Make this contract the released one, with a release
proto-baseline:
    scripts/proto-baseline
