//! Writes the rules that the contract's options give for fields and calls as Rust constants, so that validation
//! and the OpenAPI document use the same source.

use std::fmt::Write;

use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor, ReflectMessage, Value};

const PACKAGE: &str = "versioner.v1";

/// The constants: a module for each message with one constant for each field, the table of them all, and the
/// table of the errors of each call.
pub(crate) fn rules(pool: &DescriptorPool) -> String {
    let mut code = String::new();
    let mut table = String::new();
    let mut messages: Vec<_> = pool
        .all_messages()
        .filter(|message| message.package_name() == PACKAGE && !message.is_map_entry())
        .collect();
    messages.sort_by(|a, b| a.name().cmp(b.name()));
    // Writing to a String cannot fail.
    for message in &messages {
        let module = snake_case(message.name());
        let _ = writeln!(code, "pub mod {module} {{\n    use super::FieldRules;");
        let mut fields: Vec<_> = message.fields().collect();
        fields.sort_by(|a, b| a.name().cmp(b.name()));
        for field in fields {
            let constant = field.name().to_uppercase();
            let rules = option(&field.options(), "rules");
            let _ = writeln!(
                code,
                "    pub const {constant}: FieldRules = FieldRules {{ name: {:?}, {}..FieldRules::NONE }};",
                field.name(),
                rules.map(|rules| members(&rules)).unwrap_or_default(),
            );
            let _ = writeln!(
                table,
                "    ({:?}, &{module}::{constant}),",
                format!("{}.{}", message.name(), field.name()),
            );
        }
        code.push_str("}\n");
    }
    let _ = write!(
        code,
        "\n/// The rules of each field, by `Message.field`, in byte order.\n\
         static FIELDS: &[(&str, &FieldRules)] = &[\n{table}];\n\n{}",
        errors(pool)
    );
    code
}

/// The table of the reasons with which each call can fail.
fn errors(pool: &DescriptorPool) -> String {
    let services = pool
        .services()
        .filter(|service| service.package_name() == PACKAGE);
    let mut rows = Vec::new();
    for service in services {
        let of_service = option(&service.options(), "service_rules");
        for method in service.methods() {
            let mut reasons = reasons(of_service.as_ref(), "errors");
            if !is_read_only(&method) {
                reasons.extend(self::reasons(of_service.as_ref(), "write_errors"));
            }
            let of_method = option(&method.options(), "method_rules");
            reasons.extend(self::reasons(of_method.as_ref(), "errors"));
            rows.push(format!(
                "    ({:?}, &{reasons:?}),\n",
                format!("{}.{}", service.name(), method.name())
            ));
        }
    }
    rows.sort();
    format!(
        "/// The reasons with which each call can fail, by `Service.Method`, in byte order.\n\
         static CALL_ERRORS: &[(&str, &[&str])] = &[\n{}];\n",
        rows.concat()
    )
}

fn is_read_only(method: &MethodDescriptor) -> bool {
    let options = method.method_descriptor_proto().options.as_ref();
    options.is_some_and(|options| {
        options.idempotency_level() == prost_types::method_options::IdempotencyLevel::NoSideEffects
    })
}

/// The message that this option of the contract holds.
fn option(options: &DynamicMessage, name: &str) -> Option<DynamicMessage> {
    let full_name = format!("{PACKAGE}.{name}");
    options
        .extensions()
        .find(|(extension, _)| extension.full_name() == full_name)
        .and_then(|(_, value)| value.as_message().cloned())
}

fn reasons(rules: Option<&DynamicMessage>, field: &str) -> Vec<String> {
    let Some(value) = rules.and_then(|rules| rules.get_field_by_name(field)) else {
        return Vec::new();
    };
    let pool = rules.map(|rules| rules.descriptor().parent_pool().clone());
    let reasons = pool.and_then(|pool| pool.get_enum_by_name("versioner.v1.ErrorReason"));
    let numbers = value.as_list().unwrap_or_default();
    numbers
        .iter()
        .filter_map(Value::as_enum_number)
        .filter_map(|number| reasons.as_ref()?.get_value(number))
        .map(|reason| reason.name().trim_start_matches("ERROR_REASON_").to_owned())
        .collect()
}

/// The members of the struct that an option sets, each followed by a comma.
fn members(rules: &DynamicMessage) -> String {
    rules
        .fields()
        .map(|(field, value)| {
            let value = match value {
                Value::Bool(flag) => flag.to_string(),
                Value::U32(number) => format!("Some({number})"),
                Value::I64(number) => format!("Some({number})"),
                Value::String(text) => format!("Some({text:?})"),
                Value::List(items) => {
                    let texts: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
                    format!("&{texts:?}")
                }
                other => panic!("{}: {other:?} has no form in Rust", field.name()),
            };
            format!("{}: {value}, ", field.name())
        })
        .collect()
}

/// `VersionEvent` as `version_event`.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for (at, letter) in name.char_indices() {
        if at > 0 && letter.is_uppercase() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}
