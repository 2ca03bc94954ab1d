package dev.andante.compute.ckernels;

import dev.andante.compute.BackendException;
import dev.andante.compute.ComputePool;
import dev.andante.compute.HostTensor;
import dev.andante.compute.Precision;
import dev.andante.compute.host.Slabs;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Packs tensors; neighbours of a fused weight with the same layout become one matrix. */
final class WeightPacker {

  private static final int ALIGNMENT = 64;

  private final ComputePool pool;
  private final Precision precision;
  private final Arena arena;
  private final Slabs slabs;

  /**
   * @param arena where packed weights live
   */
  WeightPacker(ComputePool pool, Precision precision, Arena arena) {
    this.pool = pool;
    this.precision = precision;
    this.arena = arena;
    this.slabs = new Slabs(arena);
  }

  NativeWeight pack(String name, List<HostTensor> tensors, float @Nullable [] bias) {
    List<PackedWeight> parts = new ArrayList<>();
    List<HostTensor> run = new ArrayList<>();
    for (HostTensor tensor : tensors) {
      if (!run.isEmpty() && !layout(run.getFirst()).equals(layout(tensor))) {
        parts.add(packRun(name, run));
        run.clear();
      }
      run.add(tensor);
    }
    parts.add(packRun(name, run));
    return new NativeWeight(name, parts.toArray(PackedWeight[]::new), bias);
  }

  private WeightLayout layout(HostTensor tensor) {
    return WeightLayout.of(tensor.dtype(), precision);
  }

  private PackedWeight packRun(String name, List<HostTensor> run) {
    WeightLayout layout = layout(run.getFirst());
    int inputs = run.getFirst().columns();
    int outputs = 0;
    for (HostTensor tensor : run) {
      outputs = Math.addExact(outputs, tensor.rows());
    }
    long bytes = Math.multiplyExact(layout.groupBytes(inputs), WeightLayout.groups(outputs));
    MemorySegment data = allocate(name, bytes);
    MemorySegment struct =
        PackedWeight.describe(arena.allocate(PackedWeight.STRUCT), layout, outputs, inputs, data);
    GroupWriter writer = new GroupWriter(layout, inputs, data, struct);
    int first = 0;
    for (HostTensor tensor : run) {
      int at = first;
      int groupOfFirst = at / WeightLayout.LANES;
      int groups = WeightLayout.groups(at + tensor.rows()) - groupOfFirst;
      pool.run(
          groups,
          group -> {
            int from = Math.max(at, (groupOfFirst + group) * WeightLayout.LANES);
            int to = Math.min(at + tensor.rows(), (groupOfFirst + group + 1) * WeightLayout.LANES);
            writer.write(tensor, from - at, from, to - from);
          });
      first += tensor.rows();
    }
    return new PackedWeight(layout, outputs, inputs, struct, data);
  }

  private MemorySegment allocate(String name, long bytes) {
    try {
      return slabs.allocate(bytes, ALIGNMENT);
    } catch (OutOfMemoryError e) {
      throw new BackendException(
          "no memory for the weight "
              + name
              + ": "
              + bytes
              + " bytes; raise the memory limit of the process or use a smaller model",
          e);
    }
  }
}
