package dev.andante.compute.cuda;

import dev.andante.compute.cuda.MatmulKernel.Activations;

/**
 * Matrix products. Which kernel runs depends on the number of rows, the result of a row does not:
 * all kernels feed the tensor cores the same inputs in the same order and add up the same segments
 * in the same order (see {@code weights.cuh}). Weights in f32 have one kernel for all.
 */
final class Products {

  private static final int MAX_GRID_Y = 65_535;

  private final CommandQueue queue;
  private final Kernels kernels;
  private final Scratch packedRows;
  private final Scratch packedTiles;
  private final Scratch partial;

  Products(CommandQueue queue, Kernels kernels) {
    this.queue = queue;
    this.kernels = kernels;
    this.packedRows = new Scratch(queue, "packed activations");
    this.packedTiles = new Scratch(queue, "packed activations");
    this.partial = new Scratch(queue, "partial sums");
  }

  /** Where a product goes: {@code out = …} or {@code out += …}, with a bias or 0. */
  private record Target(long address, int pitch, long bias, boolean add) {}

  /** {@code out = x · Wᵀ + bias}, or {@code out += …}. Shapes are checked. */
  void multiply(CudaTensor x, CudaWeight weight, CudaTensor out, boolean add) {
    if (x.rows() == 0) {
      return;
    }
    long rows = 0;
    long tiles = 0;
    for (CudaMatrix matrix : weight.matrices()) {
      long bias = weight.bias() == 0 ? 0 : weight.bias() + 4L * matrix.firstOutput();
      Target target = new Target(out.address() + 4L * matrix.firstOutput(), out.pitch(), bias, add);
      if (matrix.kind() == WeightKind.F32) {
        plain(x, matrix, target);
        continue;
      }
      MatmulKernel kernel = MatmulKernel.choose(queue.device(), matrix, x.rows());
      if (kernel == MatmulKernel.GEMV_STAGED) {
        stream(kernel, x.rows(), x.address(), x.pitch(), matrix, target);
        continue;
      }
      if (kernel.activations() == Activations.TILES) {
        tiles = tiles == 0 ? packTiles(x, matrix.steps(), kernel.rows()) : tiles;
        tiled(kernel, x.rows(), tiles, 0, matrix, target);
        continue;
      }
      int padded = matrix.steps() * WeightKind.STEP_INPUTS;
      rows = rows == 0 ? packRows(x, padded) : rows;
      if (kernel.isStreaming()) {
        stream(kernel, x.rows(), rows, padded, matrix, target);
      } else {
        tiled(kernel, x.rows(), rows, padded, matrix, target);
      }
    }
  }

  private long packRows(CudaTensor x, int padded) {
    long target = packedRows.atLeast(2L * padded * x.rows());
    queue.launch(
        kernels.get("elementwise", "pack"),
        Math.ceilDiv(padded, 4 * 128),
        Math.min(x.rows(), MAX_GRID_Y),
        1,
        128,
        0,
        new KernelArguments()
            .add(x.address())
            .add(target)
            .add(x.rows())
            .add(x.columns())
            .add(padded)
            .add(x.pitch()));
    return target;
  }

  private long packTiles(CudaTensor x, int steps, int tileRows) {
    int tiles = Math.ceilDiv(x.rows(), tileRows);
    long target = packedTiles.atLeast(128L * steps * tiles * tileRows);
    queue.launch(
        kernels.get("gemm_sm90", "pack_tiles"),
        steps,
        tiles,
        1,
        256,
        0,
        new KernelArguments()
            .add(x.address())
            .add(target)
            .add(x.rows())
            .add(x.columns())
            .add(steps)
            .add(x.pitch()));
    return target;
  }

  private void plain(CudaTensor x, CudaMatrix m, Target target) {
    queue.launch(
        kernels.get("gemm_f32", "gemm_f32"),
        Math.ceilDiv(m.outputs(), 8),
        Math.ceilDiv(x.rows(), 8),
        1,
        256,
        0,
        new KernelArguments()
            .add(m.data())
            .add(x.address())
            .add(target.address())
            .add(target.bias())
            .add(m.outputs())
            .add(m.inputs())
            .add(x.rows())
            .add(x.pitch())
            .add(target.pitch())
            .add(target.add()));
  }

  private void stream(
      MatmulKernel shape, int rows, long x, int xPitch, CudaMatrix m, Target target) {
    Kernel kernel = kernels.get(shape.file(), shape.name(m.kind()));
    int shared = shape.shared(m, rows);
    kernels.allowShared(kernel, shared);
    queue.launch(
        kernel,
        Math.ceilDiv(m.tiles(), shape.outputTiles()),
        1,
        1,
        shape.threads(m),
        shared,
        arguments(m, x, xPitch, rows, target, 0, m.segments()));
  }

  private void tiled(
      MatmulKernel shape, int rows, long x, int xPitch, CudaMatrix m, Target target) {
    Kernel kernel = kernels.get(shape.file(), shape.name(m.kind()));
    int shared = shape.shared(m, rows);
    kernels.allowShared(kernel, shared);
    int rowTiles = Math.ceilDiv(rows, shape.rows());
    int outputTiles = Math.ceilDiv(m.tiles(), shape.outputTiles());
    int perBlock = segmentsPerBlock(shape, m, rowTiles * outputTiles);
    int blocks = Math.ceilDiv(m.segments(), perBlock);
    long sums = blocks == 1 ? 0 : partial.atLeast(4L * m.segments() * rows * m.outputs());
    KernelArguments arguments = arguments(m, x, xPitch, rows, target, sums, perBlock);
    queue.launch(kernel, rowTiles, outputTiles, blocks, shape.threads(m), shared, arguments);
    if (sums != 0) {
      queue.launch(
          kernels.get("gemm_reduce", "gemm_reduce"),
          Math.ceilDiv(m.outputs(), 256),
          rows,
          1,
          256,
          0,
          arguments);
    }
  }

  /** Segments for each block such that the last wave of blocks leaves the least idle. */
  private int segmentsPerBlock(MatmulKernel shape, CudaMatrix m, int tiles) {
    int room = queue.device().multiprocessors() * shape.blocksAtOnce();
    int best = m.segments();
    double least = Double.MAX_VALUE;
    for (int perBlock = m.segments(); perBlock >= 1; perBlock--) {
      int blocks = Math.ceilDiv(m.segments(), perBlock);
      int waves = Math.ceilDiv(tiles * blocks, room);
      // Starting a block costs about half a short segment; partial sums are written and read.
      double cost =
          waves * (perBlock * m.segmentSteps() + 2.0)
              + (blocks == 1 ? 0 : 0.06 * tiles * m.segments() / room * 16 + 4);
      if (cost < least) {
        least = cost;
        best = perBlock;
      }
    }
    return best;
  }

  private static KernelArguments arguments(
      CudaMatrix m, long x, int xPitch, int rows, Target target, long sums, int segmentsPerBlock) {
    return new KernelArguments()
        .add(m.data())
        .add(m.scales())
        .add(m.minima())
        .add(x)
        .add(target.address())
        .add(target.bias())
        .add(sums)
        .add(m.outputs())
        .add(m.inputs())
        .add(m.steps())
        .add(m.segmentSteps())
        .add(segmentsPerBlock)
        .add(rows)
        .add(xPitch)
        .add(target.pitch())
        .add(target.add());
  }
}
