package dev.andante.compute.onednn;

import dev.andante.compute.Backend;
import dev.andante.compute.BoundBatch;
import dev.andante.compute.ComputePool;
import dev.andante.compute.DType;
import dev.andante.compute.HostTensor;
import dev.andante.compute.Precision;
import dev.andante.compute.Tensor;
import dev.andante.compute.Weight;
import dev.andante.compute.host.HostMatrix;
import dev.andante.compute.host.Shapes;
import dev.andante.compute.host.WeightParts;
import java.lang.foreign.Arena;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Products by the library where it is the faster one, everything else by another backend; see the
 * package for which those are, and for the numerics.
 */
final class OneDnnBackend extends ForwardingBackend {

  /**
   * Fewer rows read more than they compute, and the library's weights are two to four times as
   * large as those of the C kernels. As many as the library's largest kernel takes.
   */
  static final int MANY_ROWS = RowTiles.MOST_ROWS;

  private final Backend rest;
  private final ComputePool pool;
  private final OneDnn library;
  private final Format format;
  private final int manyRows;
  private final boolean packsForMany;
  private volatile Precision precision;

  private final Usage usage = new Usage();
  private final Workers workers;
  private final Kernels kernels;
  private final Arithmetic arithmetic;

  /** Whether weights of bf16 are the library's alone: it is as exact, and as fast for one row. */
  private final boolean bf16ForAnyRows;

  private final Arena arena = Arena.ofShared();
  private final WeightPacker packer;

  /**
   * @param rest a backend whose tensors lie in the heap, of the same pool and precision; closed
   *     with this
   * @param format of products of at least {@code manyRows} rows
   */
  OneDnnBackend(
      Backend rest,
      ComputePool pool,
      OneDnn library,
      Format format,
      Precision precision,
      int manyRows,
      MemoryLimit limit) {
    super(rest);
    this.rest = rest;
    this.pool = pool;
    this.library = library;
    this.format = format;
    this.manyRows = manyRows;
    this.packsForMany = precision == Precision.FAST;
    this.precision = precision;
    this.workers = new Workers(library);
    this.kernels = new Kernels(library);
    this.arithmetic = ArithmeticChoice.of(format, library, kernels, workers.mine());
    this.bf16ForAnyRows =
        ArithmeticChoice.hasFastBf16(library) && (format == Format.BF16 || !packsForMany);
    this.packer = new WeightPacker(pool, workers, kernels, limit, arena);
  }

  @Override
  public String name() {
    return format.backend();
  }

  @Override
  public String description() {
    return "oneDNN "
        + library.version()
        + " for "
        + library.isa().text()
        + (packsForMany ? ", " + format + " products of " + manyRows + " rows or more" : "")
        + (bf16ForAnyRows ? ", all with bf16 weights" : "")
        + "; else "
        + rest.description();
  }

  @Override
  public String numerics() {
    String products =
        manyRows() < Integer.MAX_VALUE ? format.toString() : bf16ForAnyRows ? "bf16" : "";
    return products.isEmpty()
        ? rest.numerics()
        : "onednn-"
            + library.version()
            + "-"
            + products
            + "-"
            + library.isa().text()
            + "+"
            + rest.numerics();
  }

  @Override
  public Precision precision() {
    return precision;
  }

  @Override
  public void setPrecision(Precision wanted) {
    precision = wanted;
    rest.setPrecision(wanted);
  }

  @Override
  public int manyRows() {
    return packsForMany && precision == Precision.FAST ? manyRows : Integer.MAX_VALUE;
  }

  /** How products of many rows are computed on this machine. */
  Arithmetic arithmetic() {
    return arithmetic;
  }

  @Override
  public Weight load(
      String name, List<HostTensor> parts, @Nullable List<@Nullable HostTensor> bias) {
    WeightParts checked = WeightParts.of(name, parts, bias);
    if (checked.outputs() == 1) {
      return OneDnnWeight.shared(checked, rest.load(name, parts, bias), null);
    }
    if (bf16ForAnyRows && parts.stream().allMatch(part -> part.dtype() == DType.BF16)) {
      return OneDnnWeight.alone(checked, product(checked, FloatArithmetic.BF16));
    }
    Product product = packsForMany ? product(checked, arithmetic) : null;
    return OneDnnWeight.shared(checked, rest.load(name, parts, bias), product);
  }

  private Product product(WeightParts of, Arithmetic how) {
    usage.enter();
    try {
      PackedWeights weights = packer.pack(how, of);
      return new Product(weights, of.bias(), how, workers, usage, pool);
    } finally {
      usage.leave();
    }
  }

  @Override
  public void embed(Weight table, BoundBatch batch, Tensor out) {
    OneDnnWeight own = own(table);
    WeightParts source = own.source();
    if (source == null) {
      rest.embed(rest(own), batch, out);
      return;
    }
    HostMatrix target = HostMatrix.of(out);
    Shapes.requireEmbedding(own, batch, target);
    int[] tokens = batch.batch().tokens();
    for (int r = 0; r < tokens.length; r++) {
      source.read(tokens[r], workers.mine().dequantizer(), target.data(), target.offset(r));
    }
  }

  @Override
  public void rmsNorm(Tensor x, Weight gain, float eps, Tensor out) {
    rest.rmsNorm(x, vector(gain), eps, out);
  }

  @Override
  public void rmsNormHeads(Tensor x, int headDim, Weight gain, float eps) {
    rest.rmsNormHeads(x, headDim, vector(gain), eps);
  }

  @Override
  public void matmul(Tensor x, Weight weight, Tensor out) {
    OneDnnWeight own = own(weight);
    if (!multiplied(x, own, out, false)) {
      rest.matmul(x, rest(own), out);
    }
  }

  @Override
  public void matmulAdd(Tensor x, Weight weight, Tensor sum) {
    OneDnnWeight own = own(weight);
    if (!multiplied(x, own, sum, true)) {
      rest.matmulAdd(x, rest(own), sum);
    }
  }

  @Override
  public void matmulSiluMul(Tensor x, Weight gateUp, Tensor both, Tensor out) {
    OneDnnWeight own = own(gateUp);
    if (multiplied(x, own, both, false)) {
      rest.siluMul(both, out);
    } else {
      rest.matmulSiluMul(x, rest(own), both, out);
    }
  }

  /** False if the product is the other backend's. */
  private boolean multiplied(Tensor x, OneDnnWeight weight, Tensor out, boolean add) {
    Product product = weight.product();
    if (product == null || (weight.rest() != null && x.rows() < manyRows())) {
      return false;
    }
    HostMatrix in = HostMatrix.of(x);
    HostMatrix target = HostMatrix.of(out);
    Shapes.requireProduct(in, weight, target);
    product.multiply(in, target, add);
    return true;
  }

  private static OneDnnWeight own(Weight weight) {
    if (weight instanceof OneDnnWeight own) {
      return own;
    }
    throw new IllegalArgumentException(weight.name() + " was loaded by another backend");
  }

  private static Weight vector(Weight gain) {
    return rest(own(gain));
  }

  /** As the other backend has it. */
  private static Weight rest(OneDnnWeight weight) {
    Weight other = weight.rest();
    if (other == null) {
      throw new IllegalArgumentException(weight.name() + " is a matrix, not a vector");
    }
    return other;
  }

  @Override
  public void close() {
    if (usage.close()) {
      workers.close();
      kernels.close();
      arena.close();
    }
    rest.close();
  }
}
