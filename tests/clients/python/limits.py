"""Prints the rules of the fields of a version event."""

from google.protobuf import text_format
from versioner.v1 import event_pb2, rules_pb2

for field in event_pb2.VersionEvent.DESCRIPTOR.fields:
    rules = field.GetOptions().Extensions[rules_pb2.rules]
    print(f"{field.name}: {text_format.MessageToString(rules, as_one_line=True)}".rstrip(": "))
