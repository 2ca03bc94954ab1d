package dev.andante.kvtransfer.link;

import dev.andante.kvtransfer.Payloads;
import dev.andante.protocol.v1.KvFrame;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A frame that came.
 *
 * @param frame perhaps without its payload
 * @param payload of the frame, what remains; empty unless it is of KV
 * @param memory that the payload lies in; held for whoever gets the frame, who may forget to let go
 */
public record InFrame(KvFrame frame, ByteBuffer payload, Payloads.@Nullable Payload memory) {

  /** A frame whose payload is a part of it. */
  public static InFrame whole(KvFrame frame, Payloads.@Nullable Payload memory) {
    return new InFrame(frame, frame.getData().getPayload().asReadOnlyByteBuffer(), memory);
  }

  /** Its content is needed no longer. Once at most. */
  public void release() {
    if (memory != null) {
      memory.release();
    }
  }
}
