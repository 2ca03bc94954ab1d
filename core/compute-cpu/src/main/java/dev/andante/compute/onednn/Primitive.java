package dev.andante.compute.onednn;

import org.jspecify.annotations.Nullable;

/**
 * A compiled operation over matrices of fixed shapes and layouts. Shared by all threads; each runs
 * it through its {@link Worker}. Closed by its {@link Kernels}.
 */
final class Primitive implements AutoCloseable {

  /** A matrix in rows, dense. */
  record Matrix(DataType type, int rows, int columns) {
    long bytes() {
      return (long) type.bytes() * rows * columns;
    }
  }

  private static final int SOURCE = 1;
  private static final int DESTINATION = 17;
  private static final int WEIGHTS = 33;
  private static final int SCRATCHPAD = 80;
  private static final int QUERY_WEIGHTS = 131;
  private static final int QUERY_SCRATCHPAD = 136;

  private final Functions functions;
  private final int id;
  private final long plan;
  private final long handle;
  private final int[] arguments;
  private final long[] descriptors;
  private final long[] owned;

  /**
   * @param id small, different for each primitive that a worker runs
   * @param arguments what each argument is, the scratchpad last
   * @param descriptors of each argument
   * @param owned those descriptors that this destroys
   */
  private Primitive(
      Functions functions, int id, long plan, int[] arguments, long[] descriptors, long[] owned) {
    this.functions = functions;
    this.id = id;
    this.plan = plan;
    this.handle = functions.newPrimitive(plan);
    this.arguments = arguments;
    this.descriptors = descriptors;
    this.owned = owned;
  }

  /**
   * {@code sums = source · weights}, arguments in that order: source, weights, sums.
   *
   * @param layout a product with as many inputs and outputs whose layout of weights is taken; null
   *     to let the library choose
   * @return null if the library has no such kernel
   */
  static @Nullable Primitive matmul(
      OneDnn library,
      int id,
      Matrix source,
      Matrix weights,
      Matrix sums,
      @Nullable Primitive layout) {
    Functions functions = library.functions();
    long from = dense(functions, source);
    long to = dense(functions, sums);
    long any =
        layout == null
            ? functions.newDescriptor(weights.type(), weights.rows(), weights.columns())
            : 0;
    long plan =
        functions.newMatmul(
            library.engine(), from, layout == null ? any : layout.descriptors[1], to);
    if (any != 0) {
      functions.destroyDescriptor(any);
    }
    if (plan == 0) {
      functions.destroyDescriptor(from);
      functions.destroyDescriptor(to);
      return null;
    }
    return new Primitive(
        functions,
        id,
        plan,
        new int[] {SOURCE, WEIGHTS, DESTINATION, SCRATCHPAD},
        new long[] {
          from,
          functions.descriptorOf(plan, QUERY_WEIGHTS),
          to,
          functions.descriptorOf(plan, QUERY_SCRATCHPAD)
        },
        new long[] {from, to});
  }

  /**
   * Brings weights into the layout of a product, arguments: {@code [outputs, inputs]} dense, the
   * product's weights {@code [inputs, outputs]}.
   */
  static Primitive packing(OneDnn library, int id, Matrix outputsByInputs, Primitive product) {
    Functions functions = library.functions();
    int outputs = outputsByInputs.rows();
    int inputs = outputsByInputs.columns();
    long from = functions.newDescriptor(outputsByInputs.type(), inputs, outputs, 1, inputs);
    long to = product.descriptors[1];
    long plan = functions.newReorder(library.engine(), from, to);
    return new Primitive(
        functions,
        id,
        plan,
        new int[] {SOURCE, DESTINATION, SCRATCHPAD},
        new long[] {from, to, functions.descriptorOf(plan, QUERY_SCRATCHPAD)},
        new long[] {from});
  }

  private static long dense(Functions functions, Matrix matrix) {
    return functions.newDescriptor(
        matrix.type(), matrix.rows(), matrix.columns(), matrix.columns(), 1);
  }

  /** Small, and different for each primitive that a worker runs. */
  int id() {
    return id;
  }

  long handle() {
    return handle;
  }

  int argumentCount() {
    return arguments.length;
  }

  /** The library's name for an argument. */
  int argument(int index) {
    return arguments[index];
  }

  long descriptor(int index) {
    return descriptors[index];
  }

  /** Bytes of an argument. */
  long bytes(int index) {
    return functions.sizeOf(descriptors[index]);
  }

  /** The library's name for the kernel. */
  String implementation() {
    return functions.implementationOf(plan);
  }

  /** Whether it is the library's plain loop for what it has no kernel for: right, and slow. */
  boolean isPlain() {
    return implementation().startsWith("ref");
  }

  @Override
  public void close() {
    functions.destroyPrimitive(handle);
    functions.destroyPlan(plan);
    for (long descriptor : owned) {
      functions.destroyDescriptor(descriptor);
    }
  }
}
