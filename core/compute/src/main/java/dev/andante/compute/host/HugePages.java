package dev.andante.compute.host;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Locale;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Large memory outside the heap in huge pages, where the system has them (Linux; its default,
 * {@code madvise}, gives them to those who ask). A pass reads all weights and the whole cache, far
 * more than the processor keeps addresses of 4 KB pages for: on one machine streams read 1.7 times
 * as fast from pages of 2 MB. Elsewhere, and where native access is not enabled, it is ordinary
 * memory.
 */
@SuppressWarnings("restricted") // asking the system for memory is what this class is for
public final class HugePages {

  /** Bytes of a huge page on x86-64, and on aarch64 with pages of 4 KB. */
  static final long PAGE = 2L << 20;

  /** Bytes of the smallest page of any system. */
  private static final long SMALL_PAGE = 4096;

  private static final int READ_WRITE = 1 | 2;
  private static final int PRIVATE_ANONYMOUS = 2 | 0x20;
  private static final int ADVICE_HUGE_PAGE = 14;
  private static final long FAILED = -1;

  /** The system's calls; null where there are none. */
  private record Calls(MethodHandle map, MethodHandle unmap, MethodHandle advise) {}

  private static final @Nullable Calls CALLS = find();

  private HugePages() {}

  private static @Nullable Calls find() {
    if (!System.getProperty("os.name", "").toLowerCase(Locale.ROOT).equals("linux")) {
      return null; // numbers of flags are the system's own
    }
    try {
      Linker linker = Linker.nativeLinker();
      ValueLayout.OfLong word = ValueLayout.JAVA_LONG;
      ValueLayout.OfInt flag = ValueLayout.JAVA_INT;
      return new Calls(
          linker.downcallHandle(
              linker.defaultLookup().findOrThrow("mmap"),
              FunctionDescriptor.of(word, word, word, flag, flag, flag, word)),
          linker.downcallHandle(
              linker.defaultLookup().findOrThrow("munmap"),
              FunctionDescriptor.of(flag, word, word)),
          linker.downcallHandle(
              linker.defaultLookup().findOrThrow("madvise"),
              FunctionDescriptor.of(flag, word, word, flag)));
    } catch (RuntimeException e) {
      return null; // ordinary memory does as well, slower
    }
  }

  /**
   * Returns zeroed memory that lives as long as the arena, aligned to 64 bytes at least. It takes
   * room when it is first written.
   *
   * @param bytes positive; what is a multiple of 2 MB wastes nothing
   * @throws OutOfMemoryError if the system has none
   */
  public static MemorySegment allocate(Arena arena, long bytes) {
    Calls calls = CALLS;
    if (calls == null) {
      return arena.allocate(bytes, 64);
    }
    long size = (bytes + PAGE - 1) / PAGE * PAGE;
    long reserved = Math.addExact(size, PAGE); // so that it can begin where a huge page begins
    long address = map(calls, reserved);
    if (address == FAILED) {
      throw new OutOfMemoryError("the system has no " + bytes + " bytes");
    }
    long start = (address + PAGE - 1) / PAGE * PAGE;
    advise(calls, start, size);
    return MemorySegment.ofAddress(start)
        .reinterpret(size, arena, memory -> unmap(calls, address, reserved))
        .asSlice(0, bytes);
  }

  /**
   * Has the system give all the room that {@link #allocate} promised, which it clears only once, on
   * all processors.
   */
  public static void touch(MemorySegment memory) {
    LongStream.rangeClosed(0, (memory.byteSize() - 1) / PAGE)
        .parallel()
        .forEach(page -> touch(memory, page * PAGE));
  }

  private static void touch(MemorySegment memory, long from) {
    long to = Math.min(memory.byteSize(), from + PAGE);
    for (long at = from; at < to; at += SMALL_PAGE) {
      memory.set(ValueLayout.JAVA_BYTE, at, (byte) 0);
    }
  }

  private static long map(Calls calls, long bytes) {
    try {
      return (long) calls.map().invokeExact(0L, bytes, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0L);
    } catch (Throwable e) {
      throw rethrown(e);
    }
  }

  private static void advise(Calls calls, long address, long bytes) {
    try {
      // A refusal means small pages.
      int _ = (int) calls.advise().invokeExact(address, bytes, ADVICE_HUGE_PAGE);
    } catch (Throwable e) {
      throw rethrown(e);
    }
  }

  private static void unmap(Calls calls, long address, long bytes) {
    try {
      int _ = (int) calls.unmap().invokeExact(address, bytes);
    } catch (Throwable e) {
      throw rethrown(e);
    }
  }

  private static RuntimeException rethrown(Throwable e) {
    if (e instanceof Error error) {
      throw error;
    }
    return e instanceof RuntimeException known ? known : new IllegalStateException(e);
  }
}
