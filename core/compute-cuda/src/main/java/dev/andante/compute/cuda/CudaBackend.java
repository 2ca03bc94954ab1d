package dev.andante.compute.cuda;

import dev.andante.compute.AttentionParameters;
import dev.andante.compute.Backend;
import dev.andante.compute.Batch;
import dev.andante.compute.BoundBatch;
import dev.andante.compute.HostTensor;
import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import dev.andante.compute.RopeParameters;
import dev.andante.compute.RopeTable;
import dev.andante.compute.Tensor;
import dev.andante.compute.Weight;
import java.util.List;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;

/**
 * The SPI on one GPU: checks arguments, then queues kernels. Any thread may call; operations of
 * several threads are queued one after the other.
 *
 * <p><b>Numerics.</b> Activations and all sums are f32. Products with f32 weights are f32
 * throughout. All other weights are multiplied by the tensor cores: activations are rounded to
 * bf16, quantised values enter as the integers they are and are scaled in f32, f16 and K formats
 * are rounded to bf16. Attention over a bf16 cache rounds queries and softmax weights to bf16 where
 * heads are 64 or 128 wide; over an f32 cache it is f32.
 *
 * <p><b>Row invariance</b> holds for all operations and any mix of rows, although few and many rows
 * use different kernels: the kernels agree bit for bit because the order of additions is a property
 * of the weight (or of the position in the cache) and not of the grid. There is no faster mode that
 * gives this up.
 */
final class CudaBackend implements Backend {

  static final String NAME = "cuda";

  /** Batches up to this size are recorded and replayed as graphs; larger ones keep the GPU busy. */
  private static final int GRAPH_ROWS = 256;

  private final CudaDevice device;
  private final CommandQueue queue;
  private final Staging staging;
  private final WeightLoader loader;
  private final IndexSlots slots;
  private final Products products;
  private final Attention attention;
  private final RowOperations rows;
  private boolean closed;

  private CudaBackend(CudaDevice device) {
    this.device = device;
    this.queue = new CommandQueue(device);
    Kernels kernels = new Kernels(device);
    this.staging = new Staging(queue);
    this.loader = new WeightLoader(queue, kernels, staging);
    this.slots = new IndexSlots(queue);
    this.products = new Products(queue, kernels);
    this.attention = new Attention(queue, kernels);
    this.rows = new RowOperations(queue, kernels);
  }

  static CudaBackend open(int ordinal) {
    CudaDevice device = new CudaDevice(ordinal);
    try {
      return new CudaBackend(device);
    } catch (RuntimeException e) {
      device.close();
      throw e;
    }
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    synchronized (queue) {
      device.use();
      return device.name()
          + ", compute capability "
          + device.capability() / 10
          + "."
          + device.capability() % 10
          + ", "
          + device.multiprocessors()
          + " multiprocessors, "
          + (device.memory()[1] >> 20)
          + " MiB, driver for CUDA "
          + Driver.format(Driver.version());
    }
  }

  @Override
  public String numerics() {
    return "cuda-1 sm" + device.capability() + " bf16-mma f32-sums";
  }

  @Override
  public Weight load(
      String name, List<HostTensor> parts, @Nullable List<@Nullable HostTensor> bias) {
    synchronized (queue) {
      return loader.load(name, parts, bias);
    }
  }

  @Override
  public Tensor allocate(int rows, int columns) {
    synchronized (queue) {
      CudaTensor tensor = CudaTensor.allocate(queue, rows, columns);
      if (rows > 0) {
        device.check(
            JCudaDriver.cuMemsetD8Async(
                DeviceAddress.of(tensor.address()),
                (byte) 0,
                4L * rows * tensor.pitch(),
                queue.stream()),
            "clearing a tensor");
      }
      return tensor;
    }
  }

  @Override
  public KvPool allocateKv(KvLayout layout, int blocks) {
    synchronized (queue) {
      return new CudaKvPool(queue, layout, blocks);
    }
  }

  @Override
  public RopeTable rope(RopeParameters parameters) {
    synchronized (queue) {
      return new CudaRopeTable(parameters, queue, staging);
    }
  }

  @Override
  public BoundBatch bind(Batch batch) {
    synchronized (queue) {
      CudaBatch bound = new CudaBatch(queue, slots, batch);
      if (batch.rows() <= GRAPH_ROWS) {
        queue.record();
      }
      return bound;
    }
  }

  @Override
  public void embed(Weight table, BoundBatch batch, Tensor out) {
    CudaWeight weight = CudaWeight.of(table, queue);
    CudaBatch bound = CudaBatch.of(batch);
    CudaTensor target = tensor(out);
    int[] tokens = batch.batch().tokens();
    Shapes.rows("embed out", target, tokens.length);
    Shapes.columns("embed out", target, weight.inputs());
    for (int r = 0; r < tokens.length; r++) {
      if (tokens[r] < 0 || tokens[r] >= weight.outputs()) {
        throw new IllegalArgumentException(
            "row " + r + ": token " + tokens[r] + " of " + weight.outputs());
      }
    }
    synchronized (queue) {
      rows.embed(weight, bound, target);
    }
  }

  @Override
  public void rmsNorm(Tensor x, Weight gain, float eps, Tensor out) {
    CudaTensor in = tensor(x);
    CudaTensor target = tensor(out);
    Shapes.same("rmsNorm out", target, in);
    long vector = CudaWeight.of(gain, queue).vector("rmsNorm gain", in.columns());
    synchronized (queue) {
      rows.rmsNorm(in, vector, eps, target);
    }
  }

  @Override
  public void rmsNormHeads(Tensor x, int headDim, Weight gain, float eps) {
    CudaTensor in = tensor(x);
    Shapes.heads("rmsNormHeads x", in, headDim);
    long vector = CudaWeight.of(gain, queue).vector("rmsNormHeads gain", headDim);
    synchronized (queue) {
      rows.rmsNormHeads(in, headDim, vector, eps);
    }
  }

  @Override
  public void matmul(Tensor x, Weight weight, Tensor out) {
    product(x, weight, out, false);
  }

  @Override
  public void matmulAdd(Tensor x, Weight weight, Tensor sum) {
    product(x, weight, sum, true);
  }

  private void product(Tensor x, Weight weight, Tensor out, boolean add) {
    CudaTensor in = tensor(x);
    CudaTensor target = tensor(out);
    CudaWeight matrix = CudaWeight.of(weight, queue);
    Shapes.columns("matmul x (" + matrix.name() + ")", in, matrix.inputs());
    Shapes.columns("matmul out (" + matrix.name() + ")", target, matrix.outputs());
    Shapes.rows("matmul out (" + matrix.name() + ")", target, in.rows());
    synchronized (queue) {
      products.multiply(in, matrix, target, add);
    }
  }

  @Override
  public void rope(Tensor x, int headDim, RopeTable table, BoundBatch batch) {
    CudaTensor in = tensor(x);
    CudaRopeTable angles = CudaRopeTable.of(table, queue);
    CudaBatch bound = CudaBatch.of(batch);
    Shapes.rows("rope x", in, bound.batch().rows());
    Shapes.heads("rope x", in, headDim);
    if (angles.parameters().rotary() > headDim) {
      throw new IllegalArgumentException(
          "rope of " + angles.parameters().rotary() + " elements in heads of " + headDim);
    }
    if (bound.maxPosition() >= angles.parameters().maxPositions()) {
      throw new IllegalArgumentException(
          "position "
              + bound.maxPosition()
              + " of "
              + angles.parameters().maxPositions()
              + " in rope table");
    }
    synchronized (queue) {
      attention.rope(in, headDim, angles, bound);
    }
  }

  @Override
  public void writeKv(Tensor k, Tensor v, KvPool pool, int layer, BoundBatch batch) {
    CudaTensor keys = tensor(k);
    CudaTensor values = tensor(v);
    CudaKvPool memory = CudaKvPool.of(pool, queue);
    CudaBatch bound = CudaBatch.of(batch);
    int columns = memory.layout().kvHeads() * memory.layout().headDim();
    Shapes.layer(layer, memory);
    Shapes.rows("writeKv k", keys, bound.batch().rows());
    Shapes.columns("writeKv k", keys, columns);
    Shapes.same("writeKv v", values, keys);
    bound.checkBlocks(memory);
    synchronized (queue) {
      attention.writeKv(keys, values, memory, layer, bound);
    }
  }

  @Override
  public void attention(
      Tensor q,
      KvPool pool,
      int layer,
      AttentionParameters parameters,
      BoundBatch batch,
      Tensor out) {
    CudaTensor queries = tensor(q);
    CudaTensor target = tensor(out);
    CudaKvPool memory = CudaKvPool.of(pool, queue);
    CudaBatch bound = CudaBatch.of(batch);
    KvLayout layout = memory.layout();
    Shapes.layer(layer, memory);
    if (parameters.kvHeads() != layout.kvHeads() || parameters.headDim() != layout.headDim()) {
      throw new IllegalArgumentException(parameters + " over a cache of " + layout);
    }
    Shapes.rows("attention q", queries, bound.batch().rows());
    Shapes.columns("attention q", queries, parameters.heads() * parameters.headDim());
    Shapes.same("attention out", target, queries);
    bound.checkBlocks(memory);
    synchronized (queue) {
      attention.attend(new Attention.Call(queries, memory, layer, parameters, bound, target));
    }
  }

  @Override
  public void siluMul(Tensor x, Tensor out) {
    CudaTensor in = tensor(x);
    CudaTensor target = tensor(out);
    Shapes.rows("siluMul out", target, in.rows());
    Shapes.columns("siluMul x", in, 2 * target.columns());
    synchronized (queue) {
      rows.siluMul(in, target);
    }
  }

  @Override
  public void add(Tensor x, Tensor sum) {
    CudaTensor in = tensor(x);
    CudaTensor target = tensor(sum);
    Shapes.same("add sum", target, in);
    synchronized (queue) {
      rows.add(in, target);
    }
  }

  @Override
  public void gatherRows(Tensor x, int[] indices, Tensor out) {
    CudaTensor in = tensor(x);
    CudaTensor target = tensor(out);
    Shapes.rows("gatherRows out", target, indices.length);
    Shapes.columns("gatherRows out", target, in.columns());
    for (int row : indices) {
      Shapes.row(row, in);
    }
    synchronized (queue) {
      rows.gatherRows(in, indices, target);
    }
  }

  @Override
  public void scatterAddRows(Tensor x, int[] indices, float[] scales, Tensor sum) {
    CudaTensor in = tensor(x);
    CudaTensor target = tensor(sum);
    Shapes.rows("scatterAddRows x", in, indices.length);
    Shapes.columns("scatterAddRows x", in, target.columns());
    if (scales.length != indices.length) {
      throw new IllegalArgumentException(scales.length + " scales for " + indices.length + " rows");
    }
    for (int row : indices) {
      Shapes.row(row, target);
    }
    synchronized (queue) {
      rows.scatterAddRows(in, indices, scales, target);
    }
  }

  @Override
  public void clear(Tensor x) {
    CudaTensor in = tensor(x);
    synchronized (queue) {
      rows.clear(in);
    }
  }

  @Override
  public void read(Tensor x, float[] target) {
    CudaTensor in = tensor(x);
    Shapes.length("read", target.length, in);
    synchronized (queue) {
      staging.read(in, target);
    }
  }

  @Override
  public void write(float[] source, Tensor x) {
    CudaTensor in = tensor(x);
    Shapes.length("write", source.length, in);
    synchronized (queue) {
      staging.write(source, in);
    }
  }

  @Override
  public void argmax(Tensor x, int[] target) {
    CudaTensor in = tensor(x);
    if (target.length < in.rows()) {
      throw new IllegalArgumentException(target.length + " results for " + in.rows() + " rows");
    }
    synchronized (queue) {
      staging.read(rows.argmax(in), target, in.rows());
    }
  }

  private CudaTensor tensor(Tensor tensor) {
    return CudaTensor.of(tensor, queue);
  }

  /** Passes that run as CUDA graphs so far. */
  int graphs() {
    synchronized (queue) {
      return queue.graphs();
    }
  }

  @Override
  public void close() {
    synchronized (queue) {
      if (!closed) {
        closed = true;
        try {
          queue.close();
        } finally {
          device.close();
        }
      }
    }
  }
}
