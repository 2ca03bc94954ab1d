package dev.andante.compute.cuda;

import dev.andante.compute.AttentionParameters;
import dev.andante.compute.BackendException;
import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import dev.andante.compute.RopeParameters;

/**
 * Attention and what feeds it. A bf16 cache with heads of 64 or 128 goes through the tensor cores:
 * sequences with few new rows get one warp for each tile of 64 positions and a merge, others walk
 * over the tiles in one block; both compute the same, see {@code attention.cuh}. Every other shape
 * takes a plain f32 kernel.
 */
final class Attention {

  private static final int TILE = 64;
  private static final float LOG2_E = (float) (1 / Math.log(2));

  /** Bound on the memory for tiles that wait to be merged. */
  private static final long PARTIAL_BYTES = 256L << 20;

  private static final int PLAIN_WARPS = 4;
  private static final int PLAIN_HEAD_DIM = 512;

  private final CommandQueue queue;
  private final Kernels kernels;
  private final Scratch partial;

  Attention(CommandQueue queue, Kernels kernels) {
    this.queue = queue;
    this.kernels = kernels;
    this.partial = new Scratch(queue, "partial attention");
  }

  /** One call, with everything that its launches share. Shapes are checked. */
  record Call(
      CudaTensor q,
      CudaKvPool pool,
      int layer,
      AttentionParameters parameters,
      CudaBatch batch,
      CudaTensor out) {

    int groups() {
      return parameters.heads() / parameters.kvHeads();
    }

    KernelArguments arguments(
        long order, long sums, long stats, int tiles, int slots, int partialRows, float scale) {
      KvLayout layout = pool.layout();
      int blockSize = layout.blockSize();
      return new KernelArguments()
          .add(q.address())
          .add(out.address())
          .add(pool.address())
          .add(batch.tables())
          .add(batch.rowStart())
          .add(batch.context())
          .add(order)
          .add(batch.sequences())
          .add(batch.positions())
          .add(sums)
          .add(stats)
          .add(pool.blockElements())
          .add(batch.batch().rows())
          .add(tiles)
          .add(q.pitch())
          .add(out.pitch())
          .add(batch.tablePitch())
          .add(blockSize)
          .add(Integer.bitCount(blockSize) == 1 ? Integer.numberOfTrailingZeros(blockSize) : -1)
          .add(layer)
          .add(layout.kvHeads())
          .add(groups())
          .add(layout.headDim())
          .add(slots)
          .add(partialRows)
          .add(scale);
    }
  }

  void attend(Call call) {
    int headDim = call.parameters().headDim();
    boolean tensorCores =
        call.pool().layout().dtype() == DType.BF16 && (headDim == 64 || headDim == 128);
    if (!tensorCores) {
      plain(call);
      return;
    }
    if (call.batch().shortSequences() > 0) {
      decode(call);
    }
    if (call.batch().longSequences() > 0) {
      prefill(call);
    }
  }

  private void plain(Call call) {
    int items = call.batch().batch().rows() * call.parameters().heads();
    if (items == 0) {
      return;
    }
    if (call.parameters().headDim() > PLAIN_HEAD_DIM) {
      throw new BackendException(
          "heads of "
              + call.parameters().headDim()
              + " are wider than the "
              + PLAIN_HEAD_DIM
              + " that the CUDA backend supports");
    }
    String type = call.pool().layout().dtype() == DType.BF16 ? "bf16" : "f32";
    queue.launch(
        kernels.get("attention_plain", "attention_plain_" + type),
        Math.ceilDiv(items, PLAIN_WARPS),
        1,
        1,
        32 * PLAIN_WARPS,
        4 * PLAIN_WARPS * call.parameters().headDim(),
        call.arguments(call.batch().order(), 0, 0, 0, 0, 0, call.parameters().scale()));
  }

  private void decode(Call call) {
    CudaBatch batch = call.batch();
    int headDim = call.parameters().headDim();
    int kvHeads = call.parameters().kvHeads();
    int slots = batch.maxShortRows() * call.groups();
    // Rounded up so that growing contexts launch the same grid for many steps.
    int tiles = Math.max(4, powerOfTwoFrom(Math.ceilDiv(batch.maxShortContext(), TILE)));
    long perSequence = (long) kvHeads * tiles * slots * (4L * headDim + 8);
    int atOnce = Math.clamp(PARTIAL_BYTES / perSequence, 1, batch.shortSequences());
    int perSequenceTiles = Math.ceilDiv(slots, 16);
    atOnce = Math.max(1, Math.min(atOnce, 65_535 / perSequenceTiles));
    Kernel kernel = kernels.get("attention_decode", "attention_decode_" + headDim);
    Kernel merge = kernels.get("attention_decode", "attention_merge");
    int shared = tileBytes(headDim);
    for (int first = 0; first < batch.shortSequences(); first += atOnce) {
      int sequences = Math.min(atOnce, batch.shortSequences() - first);
      int rows = sequences * slots;
      long sums = partial.atLeast(perSequence * sequences);
      long stats = sums + 4L * kvHeads * tiles * rows * headDim;
      KernelArguments arguments =
          call.arguments(
              batch.order() + 4L * first,
              sums,
              stats,
              tiles,
              slots,
              rows,
              call.parameters().scale() * LOG2_E);
      queue.launch(kernel, tiles, kvHeads, sequences * perSequenceTiles, 32, shared, arguments);
      queue.launch(merge, rows, kvHeads, 1, headDim, 0, arguments);
    }
  }

  private void prefill(Call call) {
    CudaBatch batch = call.batch();
    int headDim = call.parameters().headDim();
    Kernel kernel = kernels.get("attention_prefill", "attention_prefill_" + headDim);
    int shared = 2 * tileBytes(headDim);
    kernels.allowShared(kernel, shared);
    int first = batch.batch().sequences() - batch.longSequences();
    queue.launch(
        kernel,
        Math.ceilDiv(batch.maxLongRows() * call.groups(), 64),
        call.parameters().kvHeads(),
        batch.longSequences(),
        128,
        shared,
        call.arguments(
            batch.order() + 4L * first, 0, 0, 0, 0, 0, call.parameters().scale() * LOG2_E));
  }

  private static int tileBytes(int headDim) {
    return TILE * (2 * headDim + 64) + TILE * (2 * headDim + 16);
  }

  private static int powerOfTwoFrom(int n) {
    return n <= 1 ? 1 : Integer.highestOneBit(n - 1) * 2;
  }

  void rope(CudaTensor x, int headDim, CudaRopeTable table, CudaBatch batch) {
    int pairs = table.parameters().inverseFrequencies().length;
    int heads = x.columns() / headDim;
    if (x.rows() == 0 || pairs == 0) {
      return;
    }
    boolean adjacent = table.parameters().style() == RopeParameters.Style.ADJACENT;
    queue.launch(
        kernels.get("position", "rope"),
        Math.ceilDiv(heads * pairs, 128),
        Math.min(x.rows(), 65_535),
        1,
        128,
        0,
        new KernelArguments()
            .add(x.address())
            .add(table.address())
            .add(batch.positions())
            .add(x.rows())
            .add(heads)
            .add(headDim)
            .add(pairs)
            .add(x.pitch())
            .add(adjacent));
  }

  void writeKv(CudaTensor k, CudaTensor v, CudaKvPool pool, int layer, CudaBatch batch) {
    if (k.rows() == 0) {
      return;
    }
    KvLayout layout = pool.layout();
    queue.launch(
        kernels.get("position", "write_kv"),
        Math.ceilDiv(k.columns(), 128),
        Math.min(k.rows(), 65_535),
        1,
        128,
        0,
        new KernelArguments()
            .add(k.address())
            .add(v.address())
            .add(pool.address())
            .add(batch.positions())
            .add(batch.sequences())
            .add(batch.tables())
            .add(pool.blockElements())
            .add(k.rows())
            .add(layout.kvHeads())
            .add(layout.headDim())
            .add(k.pitch())
            .add(v.pitch())
            .add(batch.tablePitch())
            .add(layout.blockSize())
            .add(layer)
            .add(layout.dtype() == DType.BF16));
  }
}
