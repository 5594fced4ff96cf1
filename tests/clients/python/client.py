"""Submits a version event with the generated stubs and reads the version back. The argument is the server's host:port."""

import sys
from datetime import datetime, timezone

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from versioner.v1 import build_status_pb2, event_pb2, event_service_pb2, event_service_pb2_grpc
from versioner.v1 import version_service_pb2, version_service_pb2_grpc


def main(address: str) -> None:
    with grpc.insecure_channel(address) as channel:
        events = event_service_pb2_grpc.EventServiceStub(channel)
        versions = version_service_pb2_grpc.VersionServiceStub(channel)

        unknown = version_service_pb2.GetLatestVersionRequest(product_name="nobody")
        assert reason_of(lambda: versions.GetLatestVersion(unknown, timeout=10)) == "PRODUCT_NOT_FOUND"

        event = event_pb2.VersionEvent(
            event_id="python-client-1",
            product_name="python-client",
            version="1.2.3",
            status=build_status_pb2.BUILD_STATUS_COMPLETED,
            completed_at=datetime(2025, 10, 28, 9, tzinfo=timezone.utc),
            extra_metadata={"image": "python-client:1.2.3", "tags": ["a", "b"]},
        )
        submitted = events.SubmitVersionEvent(event_service_pb2.SubmitVersionEventRequest(event=event), timeout=10)
        assert submitted.build.extra_metadata == event.extra_metadata, submitted

        latest = version_service_pb2.GetLatestVersionRequest(product_name="python-client")
        found = versions.GetLatestVersion(latest, timeout=10)
        assert found.version.id == submitted.version.id, found
        assert found.version.version == "1.2.3", found
        assert found.version.status == build_status_pb2.BUILD_STATUS_COMPLETED, found
        print(f"{found.version.product_name} {found.version.version}, log position {submitted.receipt.position}")


def reason_of(call) -> str:
    """Returns the reason of the error with which the call fails."""
    try:
        call()
    except grpc.RpcError as error:
        for detail in rpc_status.from_call(error).details:
            info = error_details_pb2.ErrorInfo()
            if detail.Unpack(info):
                return info.reason
    raise AssertionError("the call has not failed with a reason")


main(sys.argv[1])
