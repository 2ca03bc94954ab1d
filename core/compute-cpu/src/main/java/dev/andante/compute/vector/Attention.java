package dev.andante.compute.vector;

import dev.andante.compute.AttentionParameters;
import dev.andante.compute.Batch;
import dev.andante.compute.ComputePool;
import dev.andante.compute.KvLayout;
import dev.andante.compute.host.HostBatch;
import dev.andante.compute.host.HostKvPool;
import dev.andante.compute.host.HostMatrix;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Causal attention over the paged cache. A task takes some rows of one sequence and some query
 * heads of one KV head; it reads each tile of keys and values once for all of them.
 */
final class Attention {

  /** Rows of a sequence that share the reading of a tile. */
  private static final int ROWS = 16;

  /** Buffers of one thread. */
  private static final class Buffers {
    private @Nullable KvTile tile;
    private @Nullable OnlineSoftmax state;

    KvTile tile(KvLayout layout) {
      KvTile found = tile;
      if (found == null || !found.fits(layout)) {
        found = new KvTile(layout);
        tile = found;
      }
      return found;
    }

    OnlineSoftmax state(int capacity, int stride) {
      OnlineSoftmax found = state;
      if (found == null || !found.fits(capacity, stride)) {
        found = new OnlineSoftmax(capacity, stride);
        state = found;
      }
      return found;
    }
  }

  /** Rows {@code [from, to)} of one sequence with query heads {@code [firstHead, lastHead)}. */
  private record Work(int from, int to, int firstHead, int lastHead) {}

  private final ComputePool pool;
  private final ThreadLocal<Buffers> buffers = ThreadLocal.withInitial(Buffers::new);

  Attention(ComputePool pool) {
    this.pool = pool;
  }

  void attend(
      HostMatrix q,
      HostKvPool kv,
      int layer,
      AttentionParameters parameters,
      HostBatch batch,
      HostMatrix out) {
    List<Work> work = split(batch.batch(), parameters);
    pool.run(work.size(), i -> attend(work.get(i), q, kv, layer, parameters, batch, out));
  }

  /** Only few rows are worth splitting by query head: each head's task reads the tiles again. */
  private List<Work> split(Batch batch, AttentionParameters parameters) {
    int group = parameters.heads() / parameters.kvHeads();
    int heads = batch.rows() * parameters.kvHeads() < 4 * pool.threads() ? 1 : group;
    List<Work> work = new ArrayList<>();
    for (int s = 0; s < batch.sequences(); s++) {
      int end = batch.rowStart()[s + 1];
      for (int from = batch.rowStart()[s]; from < end; from += ROWS) {
        for (int head = 0; head < parameters.heads(); head += heads) {
          work.add(new Work(from, Math.min(end, from + ROWS), head, head + heads));
        }
      }
    }
    return work;
  }

  private void attend(
      Work work,
      HostMatrix q,
      HostKvPool kv,
      int layer,
      AttentionParameters parameters,
      HostBatch batch,
      HostMatrix out) {
    int headDim = parameters.headDim();
    int kvHead = work.firstHead() / (parameters.heads() / parameters.kvHeads());
    int heads = work.lastHead() - work.firstHead();
    int rows = work.to() - work.from();
    KvTile tile = buffers.get().tile(kv.layout());
    OnlineSoftmax state = buffers.get().state(ROWS * heads, tile.stride());
    for (int r = 0; r < rows; r++) {
      for (int h = 0; h < heads; h++) {
        int pair = r * heads + h;
        int from = q.offset(work.from() + r) + (work.firstHead() + h) * headDim;
        tile.arrange(q.data(), from, state.queries(), state.at(pair));
        state.start(pair);
      }
    }
    int firstPosition = batch.position(work.from());
    int lastPosition = firstPosition + rows - 1;
    int[] blocks = batch.blocks(work.from());
    for (int start = 0; start <= lastPosition; start += KvTile.TOKENS) {
      int tokens = Math.min(KvTile.TOKENS, lastPosition + 1 - start);
      tile.load(kv, layer, kvHead, blocks, start, tokens);
      for (int r = Math.max(0, start - firstPosition); r < rows; r++) {
        int visible = Math.min(tokens, firstPosition + r + 1 - start);
        for (int h = 0; h < heads; h++) {
          state.update(r * heads + h, tile, visible, parameters.scale());
        }
      }
    }
    for (int r = 0; r < rows; r++) {
      for (int h = 0; h < heads; h++) {
        int pair = r * heads + h;
        state.finish(pair);
        int to = out.offset(work.from() + r) + (work.firstHead() + h) * headDim;
        tile.restore(state.outputs(), state.at(pair), out.data(), to);
      }
    }
  }
}
