//go:build tools

// Package tools names the plugins of the generator, so that go.mod and go.sum fix their versions.
package tools

import (
	_ "google.golang.org/grpc/cmd/protoc-gen-go-grpc"
	_ "google.golang.org/protobuf/cmd/protoc-gen-go"
)
