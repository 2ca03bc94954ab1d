package dev.andante.compute.vector;

import dev.andante.compute.ComputePool;
import dev.andante.compute.DType;
import dev.andante.compute.HostTensor;
import dev.andante.compute.UnsupportedTensorException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Chooses a layout for each tensor and packs it; neighbours with the same layout become one. */
final class WeightPacker {

  /** The layouts, named by what is kept in memory. */
  private enum Layout {
    FLOATS,
    HALVES,
    NIBBLES,
    BYTES_BY_32,
    BYTES_BY_16
  }

  /** Packs one row of a tensor as one output of a matrix. */
  @FunctionalInterface
  private interface RowPacker {
    void pack(int output, HostTensor tensor, int row);
  }

  private final ComputePool pool;

  WeightPacker(ComputePool pool) {
    this.pool = pool;
  }

  VectorWeight pack(String name, List<HostTensor> tensors, float @Nullable [] bias) {
    List<PackedMatrix> parts = new ArrayList<>();
    List<HostTensor> run = new ArrayList<>();
    for (HostTensor tensor : tensors) {
      if (!run.isEmpty() && layout(run.getFirst().dtype()) != layout(tensor.dtype())) {
        parts.add(packRun(run));
        run.clear();
      }
      run.add(tensor);
    }
    parts.add(packRun(run));
    return new VectorWeight(name, parts.toArray(PackedMatrix[]::new), bias);
  }

  private static Layout layout(DType dtype) {
    return switch (dtype) {
      case F32, F16 -> Layout.FLOATS;
      case BF16 -> Layout.HALVES;
      case Q4_0, Q4_1, Q4_K -> Layout.NIBBLES;
      case Q5_0, Q5_1, Q8_0, Q5_K -> Layout.BYTES_BY_32;
      case Q6_K -> Layout.BYTES_BY_16;
    };
  }

  private PackedMatrix packRun(List<HostTensor> run) {
    HostTensor first = run.getFirst();
    int inputs = first.columns();
    try {
      int outputs = 0;
      for (HostTensor tensor : run) {
        outputs = Math.addExact(outputs, tensor.rows());
      }
      return switch (layout(first.dtype())) {
        case FLOATS -> {
          FloatMatrix matrix = new FloatMatrix(outputs, inputs);
          yield filled(matrix, run, matrix::pack);
        }
        case HALVES -> {
          HalfMatrix matrix = new HalfMatrix(outputs, inputs);
          yield filled(matrix, run, matrix::pack);
        }
        case NIBBLES -> {
          NibbleMatrix matrix = new NibbleMatrix(outputs, inputs);
          yield filled(matrix, run, matrix::pack);
        }
        case BYTES_BY_32 -> {
          ByteMatrix matrix = new ByteMatrix(outputs, inputs, 32);
          yield filled(matrix, run, matrix::pack);
        }
        case BYTES_BY_16 -> {
          ByteMatrix matrix = new ByteMatrix(outputs, inputs, 16);
          yield filled(matrix, run, matrix::pack);
        }
      };
    } catch (ArithmeticException e) {
      throw new UnsupportedTensorException(
          first.name(),
          "shape " + Arrays.toString(first.shape()) + " (with what it is fused with)",
          "up to 2^31 packed elements; load it in slices");
    }
  }

  private PackedMatrix filled(PackedMatrix matrix, List<HostTensor> run, RowPacker packer) {
    int first = 0;
    for (HostTensor tensor : run) {
      int at = first;
      pool.run(tensor.rows(), row -> packer.pack(at + row, tensor, row));
      first += tensor.rows();
    }
    return matrix;
  }
}
