// Submits a version event with the generated stubs and reads the version back. The argument is the server's URL.

import assert from "node:assert/strict";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { BuildStatus } from "./gen/versioner/v1/build_status_pb.js";
import { EventService } from "./gen/versioner/v1/event_service_pb.js";
import { VersionService } from "./gen/versioner/v1/version_service_pb.js";

const transport = createGrpcTransport({ baseUrl: process.argv[2], defaultTimeoutMs: 10_000 });
const events = createClient(EventService, transport);
const versions = createClient(VersionService, transport);

await assert.rejects(
  versions.getLatestVersion({ productName: "nobody" }),
  (error) => ConnectError.from(error).code === Code.NotFound,
);

const extraMetadata = { image: "typescript-client:1.2.3", tags: ["a", "b"] };
const submitted = await events.submitVersionEvent({
  event: {
    eventId: "typescript-client-1",
    productName: "typescript-client",
    version: "1.2.3",
    status: BuildStatus.COMPLETED,
    completedAt: timestampFromDate(new Date("2025-10-28T09:00:00Z")),
    extraMetadata,
  },
});
assert.deepEqual(submitted.build?.extraMetadata, extraMetadata);

const { version } = await versions.getLatestVersion({ productName: "typescript-client" });
assert(version);
assert.equal(version.id, submitted.version?.id);
assert.equal(version.version, "1.2.3");
assert.equal(version.status, BuildStatus.COMPLETED);
console.log(`${version.productName} ${version.version}, log position ${submitted.receipt?.position}`);
