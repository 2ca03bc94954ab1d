package dev.andante.kvtransfer.grpc;

import dev.andante.kvtransfer.Payloads;
import dev.andante.protocol.v1.KvFrame;
import org.jspecify.annotations.Nullable;

/**
 * A frame on its way out.
 *
 * @param memory that its payload lies in, held by whoever made the frame until it is handed to
 *     gRPC; null if it is nobody else's
 */
record OutFrame(KvFrame frame, Payloads.@Nullable Payload memory) {

  static OutFrame of(KvFrame frame) {
    return new OutFrame(frame, null);
  }
}
