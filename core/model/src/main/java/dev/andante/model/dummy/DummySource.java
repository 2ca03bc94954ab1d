package dev.andante.model.dummy;

import dev.andante.compute.DType;
import dev.andante.compute.HostTensor;
import dev.andante.model.weights.ParameterSource;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import java.util.Set;

/**
 * Makes up every tensor that is asked for: matrices with elements of variance {@code 1 / inputs},
 * embeddings of variance 1, norm gains near 1. A tensor depends on the seed and its name alone, so
 * a shard of a model holds the same experts as the whole.
 */
final class DummySource implements ParameterSource {

  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final long seed;

  DummySource(long seed) {
    this.seed = seed;
  }

  @Override
  public String description() {
    return "dummy model with seed " + seed;
  }

  @Override
  public String nameInFile(String name) {
    return name;
  }

  @Override
  public HostTensor find(String name, long... shape) {
    int elements = Math.toIntExact(Arrays.stream(shape).reduce(1, Math::multiplyExact));
    MemorySegment data = Arena.ofAuto().allocate(4L * elements, 64);
    Random random = new Random(seed * 0x9E3779B97F4A7C15L + name.hashCode());
    boolean embedding = name.startsWith("token_embd");
    double scale = shape.length < 2 ? 0.1 : embedding ? 1 : 1 / Math.sqrt((double) shape[1]);
    double mean = name.endsWith("norm.weight") ? 1 : 0;
    for (int i = 0; i < elements; i++) {
      data.set(FLOAT, 4L * i, (float) (mean + scale * random.nextGaussian()));
    }
    return new HostTensor(name, DType.F32, shape, data);
  }

  @Override
  public Set<String> unclaimed() {
    return Set.of();
  }
}
