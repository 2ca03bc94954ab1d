package dev.andante.compute.cuda;

import dev.andante.compute.DType;
import dev.andante.compute.Dequantizer;
import dev.andante.compute.HostTensor;
import dev.andante.compute.host.WeightParts;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;

/** Brings parameters to the device and into the layout of {@link WeightKind}. */
final class WeightLoader {

  private static final int THREADS = 128;
  private static final int MAX_GRID_Y = 65_535;

  private final CommandQueue queue;
  private final Kernels kernels;
  private final Staging staging;
  private final Scratch raw;

  WeightLoader(CommandQueue queue, Kernels kernels, Staging staging) {
    this.queue = queue;
    this.kernels = kernels;
    this.staging = staging;
    this.raw = new Scratch(queue, "loading weights");
  }

  CudaWeight load(String name, List<HostTensor> parts, @Nullable List<@Nullable HostTensor> bias) {
    WeightParts checked = WeightParts.of(name, parts, bias);
    int outputs = checked.outputs();
    int inputs = checked.inputs();
    float[] biases = checked.bias();
    long biasAddress = biases == null ? 0 : upload(name, biases);
    List<CudaMatrix> matrices = new ArrayList<>();
    long bytes = biases == null ? 0 : 4L * outputs;
    if (outputs == 1) {
      // A vector: gains and single rows are read by kernels as floats.
      float[] values = Dequantizer.dequantize(parts.getFirst());
      matrices.add(
          new CudaMatrix(WeightKind.F32, DType.F32, 0, 1, inputs, upload(name, values), 0, 0, 0));
      bytes += 4L * inputs;
    } else {
      int first = 0;
      for (int from = 0; from < parts.size(); ) {
        int to = from + 1;
        while (to < parts.size() && parts.get(to).dtype() == parts.get(from).dtype()) {
          to++;
        }
        List<HostTensor> alike = parts.subList(from, to);
        CudaMatrix matrix = loadMatrix(name, alike, first);
        matrices.add(matrix);
        bytes += bytes(matrix);
        first += matrix.outputs();
        from = to;
      }
    }
    return new CudaWeight(name, outputs, inputs, bytes, List.copyOf(matrices), biasAddress, queue);
  }

  private long upload(String name, float[] values) {
    CudaMemory memory = queue.device().allocate(4L * values.length, "tensor " + name);
    staging.upload(MemorySegment.ofArray(values), memory.address());
    return memory.address();
  }

  private static long packedBytes(CudaMatrix m) {
    return m.kind() == WeightKind.F32
        ? 4L * m.outputs() * m.inputs()
        : (long) m.tiles() * m.steps() * m.kind().stepBytes();
  }

  private static long scaleBytes(CudaMatrix m) {
    return (long) m.tiles() * m.steps() * WeightKind.SCALE_BYTES;
  }

  private static long bytes(CudaMatrix m) {
    long bytes = packedBytes(m);
    bytes += m.kind().hasScales() ? scaleBytes(m) : 0;
    bytes += m.kind().hasMinima() ? scaleBytes(m) : 0;
    bytes += WeightKind.keepsSource(m.dtype()) ? m.outputs() * m.dtype().bytes(m.inputs()) : 0;
    return bytes;
  }

  private CudaMatrix loadMatrix(String name, List<HostTensor> parts, int firstOutput) {
    DType dtype = parts.getFirst().dtype();
    int outputs = parts.stream().mapToInt(HostTensor::rows).sum();
    CudaMatrix shape =
        new CudaMatrix(
            WeightKind.of(dtype),
            dtype,
            firstOutput,
            outputs,
            parts.getFirst().columns(),
            0,
            0,
            0,
            0);
    CudaMemory memory = queue.device().allocate(bytes(shape), "tensor " + name);
    CudaMatrix matrix = place(shape, memory.address());
    // Outputs that fill up the last tile are zero.
    queue
        .device()
        .check(
            JCudaDriver.cuMemsetD8Async(
                memory.pointer(0), (byte) 0, memory.bytes(), queue.stream()),
            "clearing tensor " + name);
    int row = 0;
    for (HostTensor part : parts) {
      fill(matrix, part, row);
      row += part.rows();
    }
    queue.finish();
    return matrix;
  }

  private static CudaMatrix place(CudaMatrix m, long address) {
    long scales = address + packedBytes(m);
    long minima = scales + (m.kind().hasScales() ? scaleBytes(m) : 0);
    long source = minima + (m.kind().hasMinima() ? scaleBytes(m) : 0);
    return new CudaMatrix(
        m.kind(),
        m.dtype(),
        m.firstOutput(),
        m.outputs(),
        m.inputs(),
        address,
        m.kind().hasScales() ? scales : 0,
        m.kind().hasMinima() ? minima : 0,
        WeightKind.keepsSource(m.dtype()) ? source : 0);
  }

  private void fill(CudaMatrix matrix, HostTensor part, int firstRow) {
    long rowBytes = part.dtype().bytes(part.columns());
    if (matrix.kind() == WeightKind.F32) {
      staging.upload(part.data(), matrix.data() + firstRow * rowBytes);
      return;
    }
    if (matrix.source() != 0) {
      long source = matrix.source() + firstRow * rowBytes;
      staging.upload(part.data(), source);
      repack(matrix, source, rowBytes, part.rows(), firstRow);
      return;
    }
    int chunk = Math.clamp(Staging.BYTES / rowBytes, 1, part.rows());
    for (int row = 0; row < part.rows(); row += chunk) {
      int rows = Math.min(chunk, part.rows() - row);
      long source = raw.atLeast(rows * rowBytes);
      staging.upload(part.data().asSlice(row * rowBytes, rows * rowBytes), source);
      repack(matrix, source, rowBytes, rows, firstRow + row);
    }
  }

  private void repack(CudaMatrix matrix, long source, long rowBytes, int rows, int firstRow) {
    KernelArguments arguments =
        new KernelArguments()
            .add(source)
            .add(matrix.data())
            .add(matrix.scales())
            .add(matrix.minima())
            .add(WeightKind.format(matrix.dtype()))
            .add(rows)
            .add(firstRow)
            .add(matrix.inputs())
            .add(matrix.steps())
            .add(rowBytes);
    queue.launch(
        kernels.get("repack", matrix.kind().repackKernel()),
        Math.ceilDiv(matrix.steps() * 8, THREADS),
        Math.min(rows, MAX_GRID_Y),
        Math.ceilDiv(rows, MAX_GRID_Y),
        THREADS,
        0,
        arguments);
  }
}
