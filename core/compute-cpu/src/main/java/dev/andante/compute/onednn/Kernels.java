package dev.andante.compute.onednn;

import dev.andante.compute.BackendException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The primitives of one backend, each compiled once. Used by the threads that load weights, one at
 * a time.
 */
final class Kernels implements AutoCloseable {

  /** Outputs of the kernels that define the order of sums; wider ones are multiples. */
  static final int BLOCK = 64;

  /** Rows of the kernels that define the order of sums. */
  static final int ROWS = 16;

  /** Inputs of all rounds of a check. */
  private static final int CHECKED_INPUTS = 2048;

  /** Kernels for so many inputs and outputs. */
  private record Shape(Arithmetic arithmetic, int inputs, int outputs) {}

  private final OneDnn library;
  private final List<Primitive> all = new ArrayList<>();
  private final Map<Shape, Optional<RowTiles>> tiles = new HashMap<>();

  Kernels(OneDnn library) {
    this.library = library;
  }

  /**
   * Kernels for chunks of weights of so many outputs, a multiple of {@link #BLOCK}; null if the
   * library's give other bits than those of one block.
   *
   * @throws BackendException if the library cannot multiply such numbers
   */
  synchronized @Nullable RowTiles tiles(
      Arithmetic arithmetic, int inputs, int outputs, Worker worker) {
    Shape shape = new Shape(arithmetic, inputs, outputs);
    Optional<RowTiles> known = tiles.get(shape);
    if (known == null) {
      known = Optional.ofNullable(make(shape, worker));
      tiles.put(shape, known);
    }
    return known.orElse(null);
  }

  /** As {@link #tiles} for chunks of one block. */
  RowTiles blockTiles(Arithmetic arithmetic, int inputs, Worker worker) {
    RowTiles block = tiles(arithmetic, inputs, BLOCK, worker);
    if (block == null) {
      throw new BackendException("oneDNN's products differ from call to call");
    }
    return block;
  }

  private @Nullable RowTiles make(Shape shape, Worker worker) {
    Primitive standard = standard(shape);
    Primitive standardPacking = packing(shape.arithmetic(), shape.inputs(), BLOCK, standard);
    Primitive layout =
        shape.outputs() == BLOCK ? standard : kernel(shape, ROWS, shape.outputs(), null);
    if (layout == null) {
      return null;
    }
    Primitive packing = packing(shape.arithmetic(), shape.inputs(), shape.outputs(), layout);
    List<RowTiles.Tile> same = new ArrayList<>();
    // Few rows of s8 have no kernel for the layout of AMX: more rows, some idle, take far less
    // time.
    for (int rows : RowTiles.ROWS) {
      Primitive kernel = rows == ROWS ? layout : kernel(shape, rows, shape.outputs(), layout);
      if (kernel != null && (layout.isPlain() || !kernel.isPlain())) {
        same.add(new RowTiles.Tile(rows, kernel));
      }
    }
    for (int round = 0; round < rounds(shape.inputs()); round++) {
      try (TileCheck check =
          new TileCheck(
              worker,
              shape.arithmetic(),
              shape.inputs(),
              shape.outputs(),
              round,
              standard,
              standardPacking)) {
        same.removeIf(tile -> !check.givesTheSameBits(tile.kernel(), tile.rows(), packing));
      }
    }
    return same.isEmpty() ? null : new RowTiles(List.copyOf(same), packing);
  }

  /** Sums of few products seldom show that they were taken in another order. */
  private static int rounds(int inputs) {
    return Math.max(1, CHECKED_INPUTS / inputs);
  }

  private Primitive standard(Shape shape) {
    Primitive kernel = kernel(shape, ROWS, BLOCK, null);
    if (kernel == null) {
      throw new BackendException(
          "oneDNN has no product of "
              + shape.arithmetic().factors()
              + " for "
              + library.isa().text()
              + "; choose another backend");
    }
    return kernel;
  }

  private @Nullable Primitive kernel(
      Shape shape, int rows, int outputs, @Nullable Primitive layout) {
    DataType factors = shape.arithmetic().factors();
    Primitive kernel =
        Primitive.matmul(
            library,
            all.size(),
            new Primitive.Matrix(factors, rows, shape.inputs()),
            new Primitive.Matrix(factors, shape.inputs(), outputs),
            new Primitive.Matrix(shape.arithmetic().sums(), rows, outputs),
            layout);
    if (kernel != null) {
      all.add(kernel);
    }
    return kernel;
  }

  private Primitive packing(Arithmetic arithmetic, int inputs, int outputs, Primitive product) {
    Primitive packing =
        Primitive.packing(
            library,
            all.size(),
            new Primitive.Matrix(arithmetic.factors(), outputs, inputs),
            product);
    all.add(packing);
    return packing;
  }

  /** Frees the primitives; workers that ran them are closed before. */
  @Override
  public synchronized void close() {
    all.forEach(Primitive::close);
    all.clear();
    tiles.clear();
  }
}
