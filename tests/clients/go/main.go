// Command client submits a version event with the generated stubs and reads the version back. The argument is the
// server's host:port.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	versionerv1 "example.com/client/gen/versioner/v1"
)

func main() {
	if err := run(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func run(address string) error {
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	events := versionerv1.NewEventServiceClient(connection)
	versions := versionerv1.NewVersionServiceClient(connection)

	_, err = versions.GetLatestVersion(ctx, &versionerv1.GetLatestVersionRequest{ProductName: "nobody"})
	if reason := reasonOf(err); reason != "PRODUCT_NOT_FOUND" {
		return fmt.Errorf("the reason is %q (%v)", reason, err)
	}

	metadata, err := structpb.NewStruct(map[string]any{"image": "go-client:1.2.3", "tags": []any{"a", "b"}})
	if err != nil {
		return err
	}
	submitted, err := events.SubmitVersionEvent(ctx, &versionerv1.SubmitVersionEventRequest{
		Event: &versionerv1.VersionEvent{
			EventId:       "go-client-1",
			ProductName:   "go-client",
			Version:       "1.2.3",
			Status:        versionerv1.BuildStatus_BUILD_STATUS_COMPLETED,
			CompletedAt:   timestamppb.New(time.Date(2025, 10, 28, 9, 0, 0, 0, time.UTC)),
			ExtraMetadata: metadata,
		},
	})
	if err != nil {
		return err
	}
	if !proto.Equal(submitted.Build.ExtraMetadata, metadata) {
		return fmt.Errorf("the metadata differs: %v", submitted)
	}

	found, err := versions.GetLatestVersion(ctx, &versionerv1.GetLatestVersionRequest{ProductName: "go-client"})
	if err != nil {
		return err
	}
	version := found.Version
	if version.Id != submitted.Version.Id || version.Version != "1.2.3" ||
		version.GetStatus() != versionerv1.BuildStatus_BUILD_STATUS_COMPLETED {
		return fmt.Errorf("another version was read back: %v", version)
	}
	fmt.Printf("%s %s, log position %d\n", version.ProductName, version.Version, submitted.Receipt.Position)
	return nil
}

// reasonOf returns the reason of a failed call.
func reasonOf(err error) string {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info.Reason
		}
	}
	return ""
}
