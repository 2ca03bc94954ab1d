package dev.andante.compute.reference;

import dev.andante.compute.AttentionParameters;
import dev.andante.compute.ComputePool;
import dev.andante.compute.Dequantizer;
import dev.andante.compute.HostTensor;
import dev.andante.compute.KvLayout;
import dev.andante.compute.host.HostBackend;
import dev.andante.compute.host.HostBatch;
import dev.andante.compute.host.HostKvPool;
import dev.andante.compute.host.HostMatrix;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The kernels of the SPI, as their formulas say. */
public final class ReferenceBackend extends HostBackend<ReferenceWeight, HostKvPool> {

  static final String NAME = "reference";

  private final ComputePool pool;

  public ReferenceBackend(ComputePool pool) {
    super(ReferenceWeight.class, HostKvPool.class);
    this.pool = pool;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return "plain scalar kernels, " + pool.threads() + " threads";
  }

  @Override
  public String numerics() {
    return "reference";
  }

  @Override
  protected ReferenceWeight convert(String name, List<HostTensor> parts, float @Nullable [] bias) {
    float[][] rows = new float[parts.stream().mapToInt(HostTensor::rows).sum()][];
    Dequantizer dequantizer = new Dequantizer();
    int output = 0;
    for (HostTensor part : parts) {
      for (int row = 0; row < part.rows(); row++) {
        rows[output] = new float[part.columns()];
        dequantizer.row(part, row, rows[output], 0);
        output++;
      }
    }
    return new ReferenceWeight(name, rows, bias);
  }

  @Override
  protected void embedRow(ReferenceWeight table, int token, float[] target, int at) {
    System.arraycopy(table.rows()[token], 0, target, at, table.inputs());
  }

  @Override
  protected void normalize(HostMatrix x, int run, ReferenceWeight gain, float eps, HostMatrix out) {
    float[] in = x.data();
    float[] target = out.data();
    for (int r = 0; r < x.rows(); r++) {
      for (int column = 0; column < x.columns(); column += run) {
        int from = x.offset(r) + column;
        int to = out.offset(r) + column;
        double squares = 0;
        for (int i = 0; i < run; i++) {
          squares += (double) in[from + i] * in[from + i];
        }
        double factor = 1 / Math.sqrt(squares / run + eps);
        for (int i = 0; i < run; i++) {
          target[to + i] = (float) (in[from + i] * factor * gain.rows()[0][i]);
        }
      }
    }
  }

  @Override
  protected void multiply(HostMatrix x, ReferenceWeight weight, HostMatrix out, boolean add) {
    float[] in = x.data();
    float[] target = out.data();
    float[] bias = weight.bias();
    pool.run(
        weight.outputs(),
        output -> {
          float[] w = weight.rows()[output];
          for (int r = 0; r < x.rows(); r++) {
            double sum = bias == null ? 0 : bias[output];
            for (int i = 0; i < w.length; i++) {
              sum += (double) w[i] * in[x.offset(r) + i];
            }
            int to = out.offset(r) + output;
            target[to] = (float) (add ? target[to] + sum : sum);
          }
        });
  }

  @Override
  protected HostKvPool newPool(KvLayout layout, int blocks) {
    return new HostKvPool(layout, blocks);
  }

  @Override
  protected void storeKv(HostMatrix x, HostKvPool kv, int layer, int side, HostBatch batch) {
    kv.store(x, layer, side, batch);
  }

  @Override
  protected void attend(
      HostMatrix q,
      HostKvPool kv,
      int layer,
      AttentionParameters parameters,
      HostBatch batch,
      HostMatrix out) {
    pool.run(
        q.rows() * parameters.heads(),
        index ->
            attendHead(
                q,
                kv,
                layer,
                parameters,
                batch,
                index / parameters.heads(),
                index % parameters.heads(),
                out));
  }

  /** {@code out = softmax(scale * K q) V} over the positions up to the row's own. */
  private static void attendHead(
      HostMatrix q,
      HostKvPool kv,
      int layer,
      AttentionParameters parameters,
      HostBatch batch,
      int row,
      int head,
      HostMatrix out) {
    int headDim = parameters.headDim();
    int kvHead = head / (parameters.heads() / parameters.kvHeads());
    int tokens = batch.position(row) + 1;
    int queryAt = q.offset(row) + head * headDim;
    float[] vector = new float[headDim];

    double[] weights = new double[tokens];
    double max = Double.NEGATIVE_INFINITY;
    for (int t = 0; t < tokens; t++) {
      kv.load(at(kv, layer, HostKvPool.KEYS, kvHead, batch.blocks(row), t), vector, 0);
      double dot = 0;
      for (int i = 0; i < headDim; i++) {
        dot += (double) q.data()[queryAt + i] * vector[i];
      }
      weights[t] = dot * parameters.scale();
      max = Math.max(max, weights[t]);
    }

    double total = 0;
    double[] sum = new double[headDim];
    for (int t = 0; t < tokens; t++) {
      double weight = Math.exp(weights[t] - max);
      total += weight;
      kv.load(at(kv, layer, HostKvPool.VALUES, kvHead, batch.blocks(row), t), vector, 0);
      for (int i = 0; i < headDim; i++) {
        sum[i] += weight * vector[i];
      }
    }
    for (int i = 0; i < headDim; i++) {
      out.data()[out.offset(row) + head * headDim + i] = (float) (sum[i] / total);
    }
  }

  private static long at(HostKvPool kv, int layer, int side, int head, int[] blocks, int position) {
    KvLayout layout = kv.layout();
    int block = blocks[position / layout.blockSize()];
    return kv.offset(layer, block, side, head, position % layout.blockSize());
  }

  @Override
  protected void gate(HostMatrix x, HostMatrix out) {
    int n = out.columns();
    for (int r = 0; r < x.rows(); r++) {
      for (int i = 0; i < n; i++) {
        double gate = x.data()[x.offset(r) + i];
        double up = x.data()[x.offset(r) + n + i];
        out.data()[out.offset(r) + i] = (float) (gate / (1 + Math.exp(-gate)) * up);
      }
    }
  }
}
