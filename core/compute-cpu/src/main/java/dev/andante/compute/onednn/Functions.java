package dev.andante.compute.onednn;

import dev.andante.compute.BackendException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/**
 * The C interface of oneDNN, as far as it is used. Handles are addresses; 0 is null. A status other
 * than success is a {@link BackendException} that names the function.
 *
 * <p>A record, because the compiler trusts its fields to be final: a handle reached from a constant
 * is called directly.
 */
record Functions(
    MethodHandle setMaxIsa,
    MethodHandle effectiveIsa,
    MethodHandle version,
    MethodHandle setThreads,
    MethodHandle engineCreate,
    MethodHandle streamCreate,
    MethodHandle streamDestroy,
    MethodHandle descriptorWithTag,
    MethodHandle descriptorWithStrides,
    MethodHandle descriptorSize,
    MethodHandle descriptorDestroy,
    MethodHandle attributesCreate,
    MethodHandle attributesSetScratchpad,
    MethodHandle attributesDestroy,
    MethodHandle matmulCreate,
    MethodHandle reorderCreate,
    MethodHandle planQueryDescriptor,
    MethodHandle planQuery,
    MethodHandle planDestroy,
    MethodHandle primitiveCreate,
    MethodHandle primitiveExecute,
    MethodHandle primitiveDestroy,
    MethodHandle memoryCreate,
    MethodHandle memorySetData,
    MethodHandle memoryDestroy) {

  static final int UNIMPLEMENTED = 3;

  private static final int SUCCESS = 0;
  private static final int CPU = 1;
  private static final int IN_ORDER = 1;
  private static final int FORMAT_ANY = 1;
  private static final int SCRATCHPAD_OF_USER = 1;
  private static final int QUERY_IMPLEMENTATION = 8;

  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final MemoryLayout POINTER = ValueLayout.ADDRESS;

  /** One argument of a primitive: an int, padding, a memory handle. */
  static final long ARGUMENT_BYTES = 16;

  static final long ARGUMENT_MEMORY = 8;

  private static final String[] STATUS = {
    "success",
    "out of memory",
    "invalid arguments",
    "unimplemented",
    "last implementation reached",
    "runtime error",
    "not required",
    "invalid graph"
  };

  /** A call whose first argument is where the new handle goes. */
  @FunctionalInterface
  private interface Creation {
    int call(MemorySegment result) throws Throwable;
  }

  /** A call that returns a status. */
  @FunctionalInterface
  private interface Call {
    int call() throws Throwable;
  }

  /**
   * Opens a library for as long as the process lives.
   *
   * @throws IllegalArgumentException if it cannot be loaded
   * @throws java.util.NoSuchElementException if it lacks a function
   */
  @SuppressWarnings("restricted") // services start with --enable-native-access
  static Functions open(Path library) {
    SymbolLookup symbols = SymbolLookup.libraryLookup(library, Arena.global());
    Linker linker = Linker.nativeLinker();
    return new Functions(
        status(linker, symbols, "dnnl_set_max_cpu_isa", INT),
        status(linker, symbols, "dnnl_get_effective_cpu_isa"),
        linker.downcallHandle(
            symbols.findOrThrow("dnnl_version"), FunctionDescriptor.of(ValueLayout.ADDRESS)),
        linker.downcallHandle(
            symbols.findOrThrow("omp_set_num_threads"), FunctionDescriptor.ofVoid(INT)),
        status(linker, symbols, "dnnl_engine_create", POINTER, INT, LONG),
        status(linker, symbols, "dnnl_stream_create", POINTER, LONG, INT),
        status(linker, symbols, "dnnl_stream_destroy", LONG),
        status(
            linker, symbols, "dnnl_memory_desc_create_with_tag", POINTER, INT, POINTER, INT, INT),
        status(
            linker,
            symbols,
            "dnnl_memory_desc_create_with_strides",
            POINTER,
            INT,
            POINTER,
            INT,
            POINTER),
        linker.downcallHandle(
            symbols.findOrThrow("dnnl_memory_desc_get_size"), FunctionDescriptor.of(LONG, LONG)),
        status(linker, symbols, "dnnl_memory_desc_destroy", LONG),
        status(linker, symbols, "dnnl_primitive_attr_create", POINTER),
        status(linker, symbols, "dnnl_primitive_attr_set_scratchpad_mode", LONG, INT),
        status(linker, symbols, "dnnl_primitive_attr_destroy", LONG),
        status(
            linker,
            symbols,
            "dnnl_matmul_primitive_desc_create",
            POINTER,
            LONG,
            LONG,
            LONG,
            LONG,
            LONG,
            LONG),
        status(
            linker,
            symbols,
            "dnnl_reorder_primitive_desc_create",
            POINTER,
            LONG,
            LONG,
            LONG,
            LONG,
            LONG),
        linker.downcallHandle(
            symbols.findOrThrow("dnnl_primitive_desc_query_md"),
            FunctionDescriptor.of(LONG, LONG, INT, INT)),
        status(linker, symbols, "dnnl_primitive_desc_query", LONG, INT, INT, POINTER),
        status(linker, symbols, "dnnl_primitive_desc_destroy", LONG),
        status(linker, symbols, "dnnl_primitive_create", POINTER, LONG),
        status(linker, symbols, "dnnl_primitive_execute", LONG, LONG, INT, LONG),
        status(linker, symbols, "dnnl_primitive_destroy", LONG),
        status(linker, symbols, "dnnl_memory_create", POINTER, LONG, LONG, LONG),
        status(linker, symbols, "dnnl_memory_set_data_handle", LONG, LONG),
        status(linker, symbols, "dnnl_memory_destroy", LONG));
  }

  @SuppressWarnings("restricted")
  private static MethodHandle status(
      Linker linker, SymbolLookup symbols, String name, MemoryLayout... arguments) {
    return linker.downcallHandle(symbols.findOrThrow(name), FunctionDescriptor.of(INT, arguments));
  }

  /** To be called before anything else; fails after. */
  void limitIsa(Isa limit) {
    check("dnnl_set_max_cpu_isa", () -> (int) setMaxIsa.invokeExact(limit.code()));
  }

  int isaCode() {
    return get(() -> (int) effectiveIsa.invokeExact());
  }

  /** Major, minor and patch, with dots. */
  @SuppressWarnings("restricted")
  String versionText() {
    try {
      MemorySegment numbers = ((MemorySegment) version.invokeExact()).reinterpret(3 * 4);
      return numbers.getAtIndex(INT, 0)
          + "."
          + numbers.getAtIndex(INT, 1)
          + "."
          + numbers.getAtIndex(INT, 2);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** How many threads OpenMP uses for calls of this thread. */
  void useThreads(int n) {
    get(
        () -> {
          setThreads.invokeExact(n);
          return 0;
        });
  }

  long newEngine() {
    return create("dnnl_engine_create", out -> (int) engineCreate.invokeExact(out, CPU, 0L));
  }

  long newStream(long engine) {
    return create(
        "dnnl_stream_create", out -> (int) streamCreate.invokeExact(out, engine, IN_ORDER));
  }

  void destroyStream(long stream) {
    check("dnnl_stream_destroy", () -> (int) streamDestroy.invokeExact(stream));
  }

  /** A matrix whose layout the library may choose. */
  long newDescriptor(DataType type, long rows, long columns) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment shape = arena.allocateFrom(LONG, rows, columns);
      return create(
          "dnnl_memory_desc_create_with_tag",
          out -> (int) descriptorWithTag.invokeExact(out, 2, shape, type.code(), FORMAT_ANY));
    }
  }

  long newDescriptor(DataType type, long rows, long columns, long rowStride, long columnStride) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment shape = arena.allocateFrom(LONG, rows, columns);
      MemorySegment strides = arena.allocateFrom(LONG, rowStride, columnStride);
      return create(
          "dnnl_memory_desc_create_with_strides",
          out -> (int) descriptorWithStrides.invokeExact(out, 2, shape, type.code(), strides));
    }
  }

  long sizeOf(long descriptor) {
    try {
      return (long) descriptorSize.invokeExact(descriptor);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  void destroyDescriptor(long descriptor) {
    check("dnnl_memory_desc_destroy", () -> (int) descriptorDestroy.invokeExact(descriptor));
  }

  /**
   * A plan of {@code destination = source · weights}, to be destroyed; 0 if the library has none
   * for these types.
   */
  long newMatmul(long engine, long source, long weights, long destination) {
    long attributes =
        create("dnnl_primitive_attr_create", out -> (int) attributesCreate.invokeExact(out));
    try (Arena arena = Arena.ofConfined()) {
      check(
          "dnnl_primitive_attr_set_scratchpad_mode",
          () -> (int) attributesSetScratchpad.invokeExact(attributes, SCRATCHPAD_OF_USER));
      MemorySegment out = arena.allocate(LONG);
      int status =
          get(
              () ->
                  (int)
                      matmulCreate.invokeExact(
                          out, engine, source, weights, 0L, destination, attributes));
      if (status == UNIMPLEMENTED) {
        return 0;
      }
      check("dnnl_matmul_primitive_desc_create", status);
      return out.get(LONG, 0);
    } finally {
      check("dnnl_primitive_attr_destroy", () -> (int) attributesDestroy.invokeExact(attributes));
    }
  }

  /** A plan that copies between layouts, to be destroyed. */
  long newReorder(long engine, long source, long destination) {
    return create(
        "dnnl_reorder_primitive_desc_create",
        out -> (int) reorderCreate.invokeExact(out, source, engine, destination, engine, 0L));
  }

  /** A descriptor that belongs to the plan. */
  long descriptorOf(long plan, int what) {
    try {
      return (long) planQueryDescriptor.invokeExact(plan, what, 0);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** The library's name for the kernel that it chose. */
  @SuppressWarnings("restricted")
  String implementationOf(long plan) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      check(
          "dnnl_primitive_desc_query",
          () -> (int) planQuery.invokeExact(plan, QUERY_IMPLEMENTATION, 0, out));
      return out.get(ValueLayout.ADDRESS, 0).reinterpret(256).getString(0);
    }
  }

  void destroyPlan(long plan) {
    check("dnnl_primitive_desc_destroy", () -> (int) planDestroy.invokeExact(plan));
  }

  long newPrimitive(long plan) {
    return create("dnnl_primitive_create", out -> (int) primitiveCreate.invokeExact(out, plan));
  }

  /** Runs a primitive; {@code arguments} is the address of {@code count} arguments. */
  void execute(long primitive, long stream, int count, long arguments) {
    int status;
    try {
      status = (int) primitiveExecute.invokeExact(primitive, stream, count, arguments);
    } catch (Throwable e) {
      throw unexpected(e);
    }
    check("dnnl_primitive_execute", status);
  }

  void destroyPrimitive(long primitive) {
    check("dnnl_primitive_destroy", () -> (int) primitiveDestroy.invokeExact(primitive));
  }

  /** A memory object over {@code address}, which stays the caller's. */
  long newMemory(long descriptor, long engine, long address) {
    return create(
        "dnnl_memory_create",
        out -> (int) memoryCreate.invokeExact(out, descriptor, engine, address));
  }

  void moveMemory(long memory, long address) {
    int status;
    try {
      status = (int) memorySetData.invokeExact(memory, address);
    } catch (Throwable e) {
      throw unexpected(e);
    }
    check("dnnl_memory_set_data_handle", status);
  }

  void destroyMemory(long memory) {
    check("dnnl_memory_destroy", () -> (int) memoryDestroy.invokeExact(memory));
  }

  private static long create(String function, Creation creation) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(LONG);
      check(function, () -> creation.call(out));
      return out.get(LONG, 0);
    }
  }

  private static void check(String function, Call call) {
    check(function, get(call));
  }

  private static int get(Call call) {
    try {
      return call.call();
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static void check(String function, int status) {
    if (status != SUCCESS) {
      String text = status > 0 && status < STATUS.length ? STATUS[status] : "status " + status;
      throw new BackendException("oneDNN: " + function + ": " + text);
    }
  }

  private static IllegalStateException unexpected(Throwable e) {
    return new IllegalStateException("calling oneDNN", e); // a downcall throws nothing
  }
}
