//! Says, field by field, how messages are written as JSON: `Serialize` is derived, and attributes chosen by the
//! descriptors turn enums into words and times into text.

use std::fmt::Write;

use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    field_descriptor_proto::{Label, Type},
};
use tonic_prost_build::Builder;

const PACKAGE: &str = "versioner.v1";

/// Adds to `builder` what makes every message of these files `Serialize`.
pub(crate) fn serialize(mut builder: Builder, files: &[FileDescriptorProto]) -> Builder {
    for message in messages(files) {
        let path = format!(".{PACKAGE}.{}", message.name());
        builder = builder.message_attribute(&path, "#[derive(serde::Serialize)]");
        for oneof in oneofs(message) {
            let path = format!("{path}.{oneof}");
            builder = builder
                .type_attribute(&path, "#[derive(serde::Serialize)]")
                .type_attribute(&path, "#[serde(rename_all = \"snake_case\")]")
                // Its message shows the field that is set, by its own name. Without its leading dot, a path
                // does not stand for what is below it.
                .field_attribute(path.trim_start_matches('.'), "#[serde(flatten)]");
        }
        for field in &message.field {
            let path = match oneof_of(message, field) {
                Some(oneof) => format!("{path}.{oneof}.{}", field.name()),
                None => format!("{path}.{}", field.name()),
            };
            if let Some(attribute) = attribute(message, field) {
                builder = builder.field_attribute(path, format!("#[serde({attribute})]"));
            }
        }
    }
    builder
}

/// `Words` for every enum of these files: what each of its numbers is called in JSON.
pub(crate) fn words(files: &[FileDescriptorProto]) -> String {
    let mut code = String::new();
    let package = files.iter().filter(|file| file.package() == PACKAGE);
    for declared in package.flat_map(|file| &file.enum_type) {
        let arms: String = words_of(declared)
            .map(|(number, word)| format!("            {number} => Some({word:?}),\n"))
            .collect();
        // Writing to memory has no way to fail.
        let _ = write!(
            code,
            "impl json::Words for {} {{\n    fn word(number: i32) -> Option<&'static str> {{\n        \
             match number {{\n{arms}            _ => None,\n        }}\n    }}\n}}\n",
            declared.name()
        );
    }
    code
}

/// The numbers and words of an enum, without the one that means "not given".
fn words_of(declared: &EnumDescriptorProto) -> impl Iterator<Item = (i32, String)> {
    let unspecified = declared
        .value
        .iter()
        .find(|value| value.number() == 0)
        .map_or("", |value| value.name());
    let prefix = unspecified.trim_end_matches("UNSPECIFIED");
    declared
        .value
        .iter()
        .filter(|value| value.number() != 0)
        .map(move |value| {
            let word = value.name().strip_prefix(prefix).unwrap_or(value.name());
            (value.number(), word.to_lowercase())
        })
}

fn messages(files: &[FileDescriptorProto]) -> impl Iterator<Item = &DescriptorProto> {
    let package = files.iter().filter(|file| file.package() == PACKAGE);
    package.flat_map(|file| &file.message_type)
}

/// The oneofs that were written as such; an `optional` field is one in disguise.
fn oneofs(message: &DescriptorProto) -> Vec<&str> {
    let mut names: Vec<&str> = message
        .field
        .iter()
        .filter_map(|field| oneof_of(message, field))
        .collect();
    names.dedup();
    names
}

fn oneof_of<'a>(message: &'a DescriptorProto, field: &FieldDescriptorProto) -> Option<&'a str> {
    if field.proto3_optional() {
        return None;
    }
    let index = usize::try_from(field.oneof_index?).ok()?;
    message.oneof_decl.get(index).map(|oneof| oneof.name())
}

fn attribute(message: &DescriptorProto, field: &FieldDescriptorProto) -> Option<String> {
    let repeated = field.label() == Label::Repeated;
    let optional = field.proto3_optional();
    let with = |function: &str| Some(format!("serialize_with = \"json::{function}\""));
    match (field.r#type(), field.type_name()) {
        (Type::Enum, name) => {
            let name = name.trim_start_matches(&format!(".{PACKAGE}."));
            assert!(!name.contains('.'), "{name}: enums stand at the top level");
            with(&match (repeated, optional) {
                (true, _) => format!("words::<{name}, _>"),
                (false, true) => format!("optional_word::<{name}, _>"),
                (false, false) => format!("word::<{name}, _>"),
            })
        }
        (Type::Message, ".google.protobuf.Timestamp") => with("time"),
        (Type::Message, ".google.protobuf.Duration") => with("seconds"),
        // Which fields a request changes is for the server alone.
        (Type::Message, ".google.protobuf.FieldMask") => Some("skip".to_owned()),
        (Type::Message, name) if is_map(message, name) => with("sorted"),
        (Type::Message, _) if !repeated && is_only_message(message, field) => {
            Some("flatten".to_owned())
        }
        (Type::String, _) if !repeated && !optional => with("text"),
        _ => None,
    }
}

fn is_map(message: &DescriptorProto, type_name: &str) -> bool {
    let entry = type_name.rsplit('.').next().unwrap_or_default();
    message.nested_type.iter().any(|nested| {
        nested.name() == entry && nested.options.as_ref().is_some_and(|o| o.map_entry())
    })
}

/// What a call answers with is shown flat: `GetVersionResponse` as its version. So is the one message of the
/// contract in any other answer, beside what else the answer has.
fn is_only_message(message: &DescriptorProto, field: &FieldDescriptorProto) -> bool {
    let ours = |field: &&FieldDescriptorProto| field.type_name().starts_with(".versioner.");
    let messages = message
        .field
        .iter()
        .filter(|field| field.r#type() == Type::Message)
        .filter(|field| !is_map(message, field.type_name()))
        .filter(ours);
    message.name().ends_with("Response")
        && field.oneof_index.is_none()
        && ours(&field)
        && messages.count() == 1
}
