package dev.andante.engine.tiers;

import dev.andante.engine.kvcache.BlockKey;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * One file of slots of equal size, which this process keeps locked. A slot is a header and the
 * payload; the header has the name, the length and the CRC-32C of these and the payload, so that a
 * slot that was damaged, cut short or never written is not taken for anything else.
 */
final class DiskFile implements SlotFile {

  private static final System.Logger LOG = System.getLogger(DiskFile.class.getName());

  private static final String PREFIX = "andante-kv-";
  private static final String SUFFIX = ".tier";

  /** Slots begin at multiples of this, as pages of disks and caches do. */
  private static final long ALIGNMENT = 4096;

  private static final long HEADER = 32;
  private static final long CHECKED_FROM = 8;
  private static final int MAGIC = 0x414b5631; // "AKV1"

  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Path path;
  private final FileChannel channel;
  private final FileLock lock;
  private final long payloadBytes;

  private DiskFile(Path path, FileChannel channel, FileLock lock, long payloadBytes) {
    this.path = path;
    this.channel = channel;
    this.lock = lock;
    this.payloadBytes = payloadBytes;
  }

  /** Bytes of the file that a slot takes. */
  static long slotBytes(long payloadBytes) {
    return (HEADER + payloadBytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  /**
   * Makes a new file in a folder, which is made if need be, after deleting those of processes that
   * are gone.
   */
  static DiskFile create(Path folder, long payloadBytes) throws IOException {
    Files.createDirectories(folder);
    deleteLeftovers(folder);
    Path path = folder.resolve(ours() + UUID.randomUUID() + SUFFIX);
    FileChannel channel =
        FileChannel.open(
            path, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
    try {
      @Nullable FileLock lock = channel.tryLock();
      if (lock == null) {
        throw new IOException("cannot lock " + path);
      }
      return new DiskFile(path, channel, lock, payloadBytes);
    } catch (IOException | RuntimeException e) {
      channel.close();
      Files.deleteIfExists(path);
      throw e;
    }
  }

  /** How the names of this process's files begin, and of no other's, be it of the same number. */
  private static String ours() {
    ProcessHandle self = ProcessHandle.current();
    long started = self.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
    return PREFIX + self.pid() + "-" + started + "-";
  }

  private static void deleteLeftovers(Path folder) throws IOException {
    try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, PREFIX + "*" + SUFFIX)) {
      for (Path file : found) {
        // Our own must not even be opened: closing it again would unlock it.
        if (!file.getFileName().toString().startsWith(ours()) && isNobodys(file)) {
          Files.deleteIfExists(file);
          LOG.log(System.Logger.Level.INFO, "deleted {0}, whose process is gone", file);
        }
      }
    }
  }

  /** A lock ends with its process, however that ends. */
  private static boolean isNobodys(Path file) {
    try (FileChannel other = FileChannel.open(file, StandardOpenOption.WRITE);
        @Nullable FileLock lock = other.tryLock()) {
      return lock != null;
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "cannot tell whose " + file + " is; left there", e);
      return false;
    }
  }

  Path path() {
    return path;
  }

  @Override
  public long bufferBytes() {
    return HEADER + payloadBytes;
  }

  @Override
  public MemorySegment payload(MemorySegment buffer) {
    return buffer.asSlice(HEADER, payloadBytes);
  }

  @Override
  public void write(int slot, BlockKey key, MemorySegment buffer) throws IOException {
    buffer.set(INT, 0, MAGIC);
    buffer.set(LONG, 8, key.high());
    buffer.set(LONG, 16, key.low());
    buffer.set(LONG, 24, payloadBytes);
    buffer.set(INT, 4, checksum(buffer));
    ByteBuffer bytes = buffer.asByteBuffer();
    long at = offset(slot);
    while (bytes.hasRemaining()) {
      at += channel.write(bytes, at);
    }
  }

  @Override
  public boolean read(int slot, BlockKey key, MemorySegment buffer) throws IOException {
    ByteBuffer bytes = buffer.asByteBuffer();
    long at = offset(slot);
    while (bytes.hasRemaining()) {
      int count = channel.read(bytes, at);
      if (count < 0) {
        return false;
      }
      at += count;
    }
    return buffer.get(INT, 0) == MAGIC
        && buffer.get(LONG, 8) == key.high()
        && buffer.get(LONG, 16) == key.low()
        && buffer.get(LONG, 24) == payloadBytes
        && buffer.get(INT, 4) == checksum(buffer);
  }

  private static int checksum(MemorySegment buffer) {
    CRC32C crc = new CRC32C();
    crc.update(buffer.asSlice(CHECKED_FROM).asByteBuffer());
    return (int) crc.getValue();
  }

  private long offset(int slot) {
    return slot * slotBytes(payloadBytes);
  }

  @Override
  public void close() {
    try {
      Files.deleteIfExists(path);
      lock.release();
      channel.close();
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "cannot delete " + path + "; do it by hand", e);
    }
  }
}
