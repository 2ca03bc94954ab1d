package dev.andante.compute.cuda;

/** Norms, look-ups and whatever works on a row or an element at a time. Shapes are checked. */
final class RowOperations {

  private static final int THREADS = 256;
  private static final int MAX_GRID_Y = 65_535;

  /** Row numbers that fit the arguments of one launch. */
  private static final int INDICES = 448;

  private final CommandQueue queue;
  private final Kernels kernels;
  private final Scratch results;

  RowOperations(CommandQueue queue, Kernels kernels) {
    this.queue = queue;
    this.kernels = kernels;
    this.results = new Scratch(queue, "results");
  }

  void embed(CudaWeight table, CudaBatch batch, CudaTensor out) {
    for (CudaMatrix m : table.matrices()) {
      boolean fileRows = m.kind() == WeightKind.F32 || m.source() != 0;
      launch(
          "rows",
          "embed",
          out.rows(),
          Math.ceilDiv(m.inputs(), THREADS),
          new KernelArguments()
              .add(m.source() != 0 ? m.source() : m.data())
              .add(m.scales())
              .add(m.minima())
              .add(batch.tokens())
              .add(out.address())
              .add(fileRows ? -1 : m.kind().code())
              .add(WeightKind.format(m.dtype()))
              .add(m.firstOutput())
              .add(m.outputs())
              .add(m.inputs())
              .add(m.steps())
              .add(out.pitch())
              .add(m.dtype().bytes(m.inputs())));
    }
  }

  void rmsNorm(CudaTensor x, long gain, float eps, CudaTensor out) {
    launch(
        "norm",
        "rms_norm",
        x.rows(),
        1,
        new KernelArguments()
            .add(x.address())
            .add(out.address())
            .add(gain)
            .add(x.columns())
            .add(x.pitch())
            .add(out.pitch())
            .add(eps));
  }

  void rmsNormHeads(CudaTensor x, int headDim, long gain, float eps) {
    int heads = x.columns() / headDim;
    launch(
        "norm",
        "rms_norm_heads",
        Math.ceilDiv(x.rows() * heads, THREADS / 32),
        1,
        new KernelArguments()
            .add(x.address())
            .add(gain)
            .add(x.rows())
            .add(heads)
            .add(headDim)
            .add(x.pitch())
            .add(eps));
  }

  void siluMul(CudaTensor x, CudaTensor out) {
    elements("silu_mul", x, out);
  }

  void add(CudaTensor x, CudaTensor sum) {
    elements("add", x, sum);
  }

  void clear(CudaTensor x) {
    elements("clear", x, x);
  }

  private void elements(String kernel, CudaTensor x, CudaTensor out) {
    launch(
        "elementwise",
        kernel,
        Math.ceilDiv(out.columns(), THREADS),
        Math.min(out.rows(), MAX_GRID_Y),
        new KernelArguments()
            .add(x.address())
            .add(out.address())
            .add(out.rows())
            .add(out.columns())
            .add(x.pitch())
            .add(out.pitch()));
  }

  void gatherRows(CudaTensor x, int[] rows, CudaTensor out) {
    for (int first = 0; first < rows.length; first += INDICES) {
      int count = Math.min(INDICES, rows.length - first);
      KernelArguments arguments = rows(x, out, count, first);
      for (int i = 0; i < count; i++) {
        arguments.add(rows[first + i]);
      }
      launch("rows", "gather_rows", count, Math.ceilDiv(x.columns(), 4 * THREADS), arguments);
    }
  }

  void scatterAddRows(CudaTensor x, int[] rows, float[] scales, CudaTensor sum) {
    for (int first = 0; first < rows.length; first += INDICES) {
      int count = Math.min(INDICES, rows.length - first);
      KernelArguments arguments = rows(x, sum, count, first);
      for (int i = 0; i < INDICES; i++) {
        arguments.add(i < count ? rows[first + i] : 0);
      }
      for (int i = 0; i < count; i++) {
        arguments.add(scales[first + i]);
      }
      launch("rows", "scatter_add_rows", Math.ceilDiv(sum.columns(), THREADS), 1, arguments);
    }
  }

  private static KernelArguments rows(CudaTensor x, CudaTensor out, int count, int first) {
    return new KernelArguments()
        .add(x.address())
        .add(out.address())
        .add(x.columns())
        .add(x.pitch())
        .add(out.pitch())
        .add(count)
        .add(first);
  }

  /** Address of one int for each row. */
  long argmax(CudaTensor x) {
    long target = results.atLeast(4L * x.rows());
    if (x.rows() > 0) {
      queue.launch(
          kernels.get("elementwise", "argmax"),
          x.rows(),
          1,
          1,
          1024,
          0,
          new KernelArguments().add(x.address()).add(target).add(x.columns()).add(x.pitch()));
    }
    return target;
  }

  private void launch(String file, String kernel, int gridX, int gridY, KernelArguments arguments) {
    if (gridX > 0 && gridY > 0) {
      queue.launch(kernels.get(file, kernel), gridX, gridY, 1, THREADS, 0, arguments);
    }
  }
}
