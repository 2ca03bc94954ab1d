package dev.andante.compute.cuda;

import java.util.List;

/** The kernels for packed weights: how many rows each takes and how its grid is cut. */
enum MatmulKernel {
  /** Streams weights; few activations, which fit shared memory. */
  GEMV_STAGED("gemv", "", 1, 8, 256, Activations.FLOATS),
  GEMV_8("gemv", "_packed", 1, 8, 256, Activations.ROWS),
  GEMV_16("gemv", "_16", 2, 16, 256, Activations.ROWS),
  GEMV_32("gemv", "_32", 2, 32, 256, Activations.ROWS),
  /** Tiles of shared memory, Ampere and later. */
  MEDIUM("gemm", "_medium", 4, 32, 128, Activations.ROWS),
  LARGE("gemm", "_large", 8, 128, 256, Activations.ROWS),
  /** Tiles of shared memory and wgmma. */
  HOPPER("gemm_sm90", "_hopper", 8, 128, 384, Activations.TILES);

  /** What the kernel reads activations from. */
  enum Activations {
    /** The tensor itself. */
    FLOATS,
    /** bf16 rows, padded to whole steps. */
    ROWS,
    /** As {@code pack_tiles} in {@code gemm_sm90.cu} writes them. */
    TILES
  }

  private static final List<MatmulKernel> STREAMING =
      List.of(GEMV_STAGED, GEMV_8, GEMV_16, GEMV_32);

  /** Staged activations beyond this would leave room for too few blocks. */
  private static final int MAX_STAGED = 40 << 10;

  private static final int STAGES = 4;
  private static final int HOPPER_STAGES = 6;

  private final String file;
  private final String suffix;
  private final int outputTiles;
  private final int rows;
  private final int threads;
  private final Activations activations;

  MatmulKernel(
      String file, String suffix, int outputTiles, int rows, int threads, Activations activations) {
    this.file = file;
    this.suffix = suffix;
    this.outputTiles = outputTiles;
    this.rows = rows;
    this.threads = threads;
    this.activations = activations;
  }

  /** The one for a product with this many rows. All give the same bits. */
  static MatmulKernel choose(CudaDevice device, CudaMatrix matrix, int rows) {
    for (MatmulKernel kernel : STREAMING) {
      if (rows <= kernel.rows
          && (kernel != GEMV_STAGED || stagedBytes(matrix, rows) <= MAX_STAGED)
          && kernel.shared(matrix, rows) <= device.sharedMemory()) {
        return kernel;
      }
    }
    if (device.capability() == CudaDevice.HOPPER) {
      return HOPPER;
    }
    return rows > 64 && LARGE.shared(matrix, rows) <= device.sharedMemory() ? LARGE : MEDIUM;
  }

  boolean isStreaming() {
    return file.equals("gemv");
  }

  Activations activations() {
    return activations;
  }

  String file() {
    return file;
  }

  String name(WeightKind kind) {
    return file.substring(0, 4) + "_" + kind.suffix() + suffix;
  }

  /** Groups of 16 outputs of a block. */
  int outputTiles() {
    return outputTiles;
  }

  /** Rows of a block. */
  int rows() {
    return rows;
  }

  int threads(CudaMatrix matrix) {
    return isStreaming() ? 32 * warps(matrix) : threads;
  }

  /** Warps of {@code gemv}: as few as give none more segments than the fullest has. */
  private int warps(CudaMatrix matrix) {
    int segments = matrix.segments();
    return Math.ceilDiv(segments, Math.ceilDiv(segments, threads / 32));
  }

  /** Blocks that a multiprocessor holds at once. */
  int blocksAtOnce() {
    return this == MEDIUM ? 4 : 1;
  }

  private static int stagedBytes(CudaMatrix matrix, int rows) {
    return rows * (matrix.steps() * 128 + 64);
  }

  /** Bytes of dynamic shared memory for a product with this many rows. */
  int shared(CudaMatrix matrix, int count) {
    WeightKind kind = matrix.kind();
    int sets = (kind.hasScales() ? 1 : 0) + (kind.hasMinima() ? 1 : 0);
    if (isStreaming()) {
      int tile = kind.stepBytes() + 256 * sets;
      int stages = (outputTiles == 1 ? 8192 : 6144) / tile;
      return outputTiles * (matrix.segments() * (rows / 8) * 512 + warps(matrix) * stages * tile)
          + (this == GEMV_STAGED ? stagedBytes(matrix, count) : 0);
    }
    int stage = outputTiles * (kind.stepBytes() + sets * WeightKind.SCALE_BYTES) + rows * 128;
    if (this != HOPPER) {
      return STAGES * stage;
    }
    int totals = kind.hasScales() ? 64 * 256 * 4 : 0;
    return 2048 + HOPPER_STAGES * Math.ceilDiv(stage, 1024) * 1024 + totals;
  }
}
