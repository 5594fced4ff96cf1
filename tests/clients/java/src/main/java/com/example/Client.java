package com.example;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Struct;
import com.google.protobuf.Timestamp;
import com.google.protobuf.Value;
import com.google.rpc.ErrorInfo;
import dev.versioner.v1.BuildStatus;
import dev.versioner.v1.EventServiceGrpc;
import dev.versioner.v1.GetLatestVersionRequest;
import dev.versioner.v1.SubmitVersionEventRequest;
import dev.versioner.v1.Version;
import dev.versioner.v1.VersionEvent;
import dev.versioner.v1.VersionServiceGrpc;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.time.Instant;
import java.util.concurrent.TimeUnit;

/** Submits a version event with the generated stubs and reads the version back. The argument is the server's host:port. */
public final class Client {
    public static void main(String[] arguments) throws Exception {
        ManagedChannel channel =
                Grpc.newChannelBuilder(arguments[0], InsecureChannelCredentials.create()).build();
        try {
            run(channel);
        } finally {
            channel.shutdown().awaitTermination(5, TimeUnit.SECONDS);
        }
    }

    private static void run(ManagedChannel channel) throws Exception {
        var events = EventServiceGrpc.newBlockingStub(channel);
        var versions = VersionServiceGrpc.newBlockingStub(channel);

        try {
            versions.withDeadlineAfter(10, TimeUnit.SECONDS)
                    .getLatestVersion(GetLatestVersionRequest.newBuilder().setProductName("nobody").build());
            throw new AssertionError("the call must fail");
        } catch (StatusRuntimeException error) {
            check(reasonOf(error).equals("PRODUCT_NOT_FOUND"), error);
        }

        var metadata = Struct.newBuilder()
                .putFields("image", Value.newBuilder().setStringValue("java-client:1.2.3").build())
                .putFields("release", Value.newBuilder().setBoolValue(true).build())
                .build();
        var event = VersionEvent.newBuilder()
                .setEventId("java-client-1")
                .setProductName("java-client")
                .setVersion("1.2.3")
                .setStatus(BuildStatus.BUILD_STATUS_COMPLETED)
                .setCompletedAt(Timestamp.newBuilder().setSeconds(Instant.parse("2025-10-28T09:00:00Z").getEpochSecond()))
                .setExtraMetadata(metadata)
                .build();
        var submitted = events.withDeadlineAfter(10, TimeUnit.SECONDS)
                .submitVersionEvent(SubmitVersionEventRequest.newBuilder().setEvent(event).build());
        check(submitted.getBuild().getExtraMetadata().equals(metadata), submitted);

        var latest = GetLatestVersionRequest.newBuilder().setProductName("java-client").build();
        Version found = versions.withDeadlineAfter(10, TimeUnit.SECONDS).getLatestVersion(latest).getVersion();
        check(found.getId().equals(submitted.getVersion().getId()), found);
        check(found.getVersion().equals("1.2.3"), found);
        check(found.getStatus() == BuildStatus.BUILD_STATUS_COMPLETED, found);
        System.out.printf("%s %s, log position %d%n",
                found.getProductName(), found.getVersion(), submitted.getReceipt().getPosition());
    }

    /** Returns the reason of a failed call. */
    private static String reasonOf(StatusRuntimeException error) throws InvalidProtocolBufferException {
        for (var detail : StatusProto.fromThrowable(error).getDetailsList()) {
            if (detail.is(ErrorInfo.class)) {
                return detail.unpack(ErrorInfo.class).getReason();
            }
        }
        return "";
    }

    private static void check(boolean holds, Object seen) {
        if (!holds) {
            throw new AssertionError(seen);
        }
    }
}
