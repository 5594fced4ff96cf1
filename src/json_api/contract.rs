//! The contract by its descriptors: messages, fields, words and comments, in the form that JSON needs.
//! Knows no route.

use std::{collections::HashMap, sync::LazyLock};

use prost::Message as _;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    FileDescriptorSet,
    field_descriptor_proto::{Label, Type},
};

use crate::{domain::rules::FieldRules, pb};

/// The contract of this program.
pub(super) static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
    let set = FileDescriptorSet::decode(pb::DESCRIPTORS);
    Contract::read(set.unwrap_or_default())
});

/// Everything by its full name without the package: `Version`, `VersionService.GetVersion`.
#[derive(Default)]
pub(super) struct Contract {
    messages: HashMap<String, Message>,
    enums: HashMap<String, Enum>,
    methods: HashMap<String, Method>,
}

#[derive(Default)]
pub(super) struct Message {
    pub(super) name: String,
    pub(super) comment: String,
    pub(super) fields: Vec<Field>,
}

pub(super) struct Field {
    pub(super) name: String,
    pub(super) number: u32,
    pub(super) comment: String,
    pub(super) kind: Kind,
    pub(super) many: Many,
    /// What is required and the limits.
    pub(super) rules: FieldRules,
    /// Present only if it is the one that is set.
    pub(super) in_oneof: bool,
    /// An empty value differs from one that is left out.
    pub(super) optional: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Many {
    One,
    List,
    /// By texts.
    Map,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Bool,
    /// The whole numbers that it holds.
    Whole(i64, i64),
    Number,
    Enum(String),
    Time,
    Duration,
    /// Any JSON object.
    Object,
    Message(String),
    /// Not shown in JSON.
    Hidden,
}

#[derive(Default)]
pub(super) struct Enum {
    pub(super) name: String,
    pub(super) words: Vec<Word>,
}

pub(super) struct Word {
    pub(super) word: String,
    pub(super) number: i32,
    pub(super) comment: String,
}

#[derive(Default)]
pub(super) struct Method {
    pub(super) name: String,
    pub(super) service: String,
    pub(super) comment: String,
    pub(super) input: String,
    pub(super) output: String,
}

impl Contract {
    /// A message of the contract. An empty one if there is none of this name, which a test rules out.
    pub(super) fn message(&self, name: &str) -> &Message {
        static NONE: LazyLock<Message> = LazyLock::new(Message::default);
        self.messages.get(name).unwrap_or(&NONE)
    }

    pub(super) fn words(&self, name: &str) -> &Enum {
        static NONE: LazyLock<Enum> = LazyLock::new(Enum::default);
        self.enums.get(name).unwrap_or(&NONE)
    }

    /// A call, as `VersionService.GetVersion`.
    pub(super) fn method(&self, name: &str) -> &Method {
        static NONE: LazyLock<Method> = LazyLock::new(Method::default);
        self.methods.get(name).unwrap_or(&NONE)
    }

    fn read(set: FileDescriptorSet) -> Self {
        let mut contract = Self::default();
        for file in &set.file {
            if file.package() == "versioner.v1" {
                contract.add(file);
            }
        }
        contract
    }

    fn add(&mut self, file: &FileDescriptorProto) {
        let comments = comments(file);
        let comment = |path: &[i32]| comments.get(path).cloned().unwrap_or_default();
        for (i, message) in (0..).zip(&file.message_type) {
            let fields = (0..).zip(&message.field).map(|(j, field)| Field {
                comment: comment(&[4, i, 2, j]),
                ..Field::read(message, field)
            });
            let message = Message {
                name: message.name().to_owned(),
                comment: comment(&[4, i]),
                fields: fields.collect(),
            };
            self.messages.insert(message.name.clone(), message);
        }
        for (i, declared) in (0..).zip(&file.enum_type) {
            let read = Enum::read(declared, |j| comment(&[5, i, 2, j]));
            self.enums.insert(read.name.clone(), read);
        }
        for (i, service) in (0..).zip(&file.service) {
            for (j, method) in (0..).zip(&service.method) {
                let method = Method {
                    name: method.name().to_owned(),
                    service: service.name().to_owned(),
                    comment: comment(&[6, i, 2, j]),
                    input: short(method.input_type()).to_owned(),
                    output: short(method.output_type()).to_owned(),
                };
                let name = format!("{}.{}", method.service, method.name);
                self.methods.insert(name, method);
            }
        }
    }
}

impl Message {
    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The field whose message an answer shows in its own place: the only one of the contract.
    pub(super) fn flat(&self) -> Option<&Field> {
        let mut messages = self
            .fields
            .iter()
            .filter(|field| matches!(field.kind, Kind::Message(_)) && field.many != Many::Map);
        let only = messages.next().filter(|_| messages.next().is_none())?;
        let is_alone = only.many == Many::One && !only.in_oneof && !only.optional;
        (is_alone && self.name.ends_with("Response")).then_some(only)
    }
}

impl Field {
    /// The message that it holds.
    pub(super) fn message(&self) -> Option<&'static Message> {
        match &self.kind {
            Kind::Message(name) => Some(CONTRACT.message(name)),
            _ => None,
        }
    }

    fn read(message: &DescriptorProto, field: &FieldDescriptorProto) -> Self {
        let entry = message.nested_type.iter().find(|nested| {
            let is_map = nested.options.as_ref().is_some_and(|o| o.map_entry());
            is_map && field.type_name().rsplit('.').next() == Some(nested.name())
        });
        let value = entry.and_then(|entry| entry.field.iter().find(|f| f.number() == 2));
        Field {
            name: field.name().to_owned(),
            number: field.number().unsigned_abs(),
            comment: String::new(),
            kind: Kind::read(value.unwrap_or(field)),
            many: match (value, field.label()) {
                (Some(_), _) => Many::Map,
                (None, Label::Repeated) => Many::List,
                _ => Many::One,
            },
            rules: FieldRules::of(message.name(), field.name())
                .copied()
                .unwrap_or(FieldRules::NONE),
            in_oneof: field.oneof_index.is_some() && !field.proto3_optional(),
            optional: field.proto3_optional(),
        }
    }
}

impl Kind {
    fn read(field: &FieldDescriptorProto) -> Self {
        match field.r#type() {
            Type::String | Type::Bytes => Self::Text,
            Type::Bool => Self::Bool,
            Type::Int32 | Type::Sint32 | Type::Sfixed32 => {
                Self::Whole(i32::MIN.into(), i32::MAX.into())
            }
            Type::Uint32 | Type::Fixed32 => Self::Whole(0, u32::MAX.into()),
            Type::Int64 | Type::Sint64 | Type::Sfixed64 => Self::Whole(i64::MIN, i64::MAX),
            Type::Uint64 | Type::Fixed64 => Self::Whole(0, i64::MAX),
            Type::Double | Type::Float => Self::Number,
            Type::Enum => Self::Enum(short(field.type_name()).to_owned()),
            Type::Message | Type::Group => match field.type_name() {
                ".google.protobuf.Timestamp" => Self::Time,
                ".google.protobuf.Duration" => Self::Duration,
                ".google.protobuf.Struct" => Self::Object,
                name if name.starts_with(".versioner.v1.") => Self::Message(short(name).to_owned()),
                _ => Self::Hidden,
            },
        }
    }
}

impl Enum {
    fn read(declared: &EnumDescriptorProto, comment: impl Fn(i32) -> String) -> Self {
        let values = || (0..).zip(&declared.value);
        let unspecified = values().find(|(_, value)| value.number() == 0);
        let prefix = unspecified.map_or("", |(_, value)| value.name());
        let prefix = prefix.trim_end_matches("UNSPECIFIED");
        let words = values().filter(|(_, value)| value.number() != 0);
        Self {
            name: declared.name().to_owned(),
            words: words
                .map(|(j, value)| Word {
                    word: value.name().trim_start_matches(prefix).to_lowercase(),
                    number: value.number(),
                    comment: comment(j),
                })
                .collect(),
        }
    }
}

/// The comments above messages, fields, enums, services and calls, by the path that protobuf gives them; each
/// paragraph in one line.
fn comments(file: &FileDescriptorProto) -> HashMap<Vec<i32>, String> {
    let locations = file.source_code_info.iter().flat_map(|info| &info.location);
    locations
        .filter(|location| location.leading_comments.is_some())
        .map(|location| {
            let text = location.leading_comments().trim();
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            let paragraphs: Vec<String> = lines
                .split(|line| line.is_empty())
                .map(|lines| lines.join(" "))
                .collect();
            (location.path.clone(), paragraphs.join("\n\n"))
        })
        .collect()
}

fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}
