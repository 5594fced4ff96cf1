//! Compiles the contract in `proto/` without protoc, and keeps its descriptors for reflection; unpacks what the
//! documentation's page is made of.

#[path = "build/docs.rs"]
mod docs;
#[path = "build/json.rs"]
mod json;
#[path = "build/rules.rs"]
mod rules;

use std::{env, error::Error, fs, path::PathBuf};

const SERVICES: [&str; 5] = [
    "versioner/v1/event_service.proto",
    "versioner/v1/version_service.proto",
    "versioner/v1/catalog_service.proto",
    "versioner/v1/deployment_service.proto",
    "versioner/v1/insight_service.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    // Naming any path switches cargo's own watching off, so the migrations that
    // sqlx embeds stand here too.
    println!("cargo:rerun-if-changed=build");
    println!("cargo:rerun-if-changed=proto");
    println!("cargo:rerun-if-changed=migrations");

    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(SERVICES)?;

    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(
        out.join("descriptors.binpb"),
        compiler.encode_file_descriptor_set(),
    )?;
    docs::unpack(&out)?;
    let files = compiler.file_descriptor_set();
    fs::write(out.join("words.rs"), json::words(&files.file))?;
    fs::write(
        out.join("rules.rs"),
        rules::rules(&compiler.descriptor_pool()),
    )?;
    let builder = tonic_prost_build::configure()
        .build_transport(true)
        .compile_well_known_types(false)
        // keeps the text that a Struct's doubles would lose
        .extern_path(".google.protobuf.Struct", "crate::pb::Object");
    json::serialize(builder, &files.file).compile_fds(files)?;
    Ok(())
}
