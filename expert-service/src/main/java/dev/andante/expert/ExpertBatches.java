package dev.andante.expert;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.andante.compute.BackendException;
import dev.andante.model.experts.ExpertShardModel;
import dev.andante.protocol.v1.ExpertBatch;
import dev.andante.protocol.v1.ExpertResult;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;

/** Turns a message into a computation and back. Safe for several threads. */
final class ExpertBatches {

  private final ExpertShardModel shard;
  private final int maxRows;
  private final Runnable afterBackendFailure;

  /**
   * @param afterBackendFailure called when a batch failed for the backend's fault
   */
  ExpertBatches(ExpertShardModel shard, int maxRows, Runnable afterBackendFailure) {
    this.shard = shard;
    this.maxRows = maxRows;
    this.afterBackendFailure = afterBackendFailure;
  }

  /**
   * The outputs, or what was wrong with the batch in {@code error}: one bad batch does not end its
   * stream.
   */
  ExpertResult compute(ExpertBatch batch) {
    ExpertResult.Builder result = ExpertResult.newBuilder().setId(batch.getId());
    try {
      float[] outputs =
          shard.compute(
              batch.getLayer(),
              ints(batch.getExpertsList()),
              ints(batch.getRowsList()),
              floats(batch.getActivations()));
      return result.setOutputs(bytes(outputs)).build();
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      return result.setError(String.valueOf(e.getMessage())).build();
    } catch (BackendException e) {
      afterBackendFailure.run();
      return result.setError("the compute backend failed: " + e.getMessage()).build();
    }
  }

  private float[] floats(ByteString bytes) {
    long rowBytes = 4L * shard.hiddenSize();
    if (bytes.size() % rowBytes != 0) {
      throw new IllegalArgumentException(
          bytes.size() + " bytes of activations are not whole rows of " + rowBytes);
    }
    if (bytes.size() / rowBytes > maxRows) {
      throw new IllegalArgumentException(
          bytes.size() / rowBytes + " rows in one batch; at most " + maxRows + " are accepted");
    }
    FloatBuffer source =
        bytes.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    float[] values = new float[source.remaining()];
    source.get(values);
    return values;
  }

  private static ByteString bytes(float[] values) {
    ByteBuffer target = ByteBuffer.allocate(values.length * 4).order(ByteOrder.LITTLE_ENDIAN);
    target.asFloatBuffer().put(values);
    return UnsafeByteOperations.unsafeWrap(target); // nobody else holds the array
  }

  private static int[] ints(List<Integer> values) {
    return values.stream().mapToInt(Integer::intValue).toArray();
  }
}
