package dev.andante.kvtransfer.grpc;

import dev.andante.kvtransfer.Payloads;
import dev.andante.protocol.v1.KvFrame;
import org.jspecify.annotations.Nullable;

/**
 * A frame that came.
 *
 * @param memory that its payload lies in; held for whoever gets the frame, who may forget to let go
 */
record InFrame(KvFrame frame, Payloads.@Nullable Payload memory) {

  /** Its content is needed no longer. Once at most. */
  void release() {
    if (memory != null) {
      memory.release();
    }
  }
}
