package dev.andante.format;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/** The identity of a model, see {@link WeightFile#fingerprint()}. Not for use by two threads. */
final class Fingerprint {
  private static final int SAMPLED_TENSORS = 64;
  private static final int SAMPLE_BYTES = 4096;
  private static final int CHUNK_BYTES = 256;
  private static final int PIECE_BYTES = 1 << 16;

  private final MessageDigest digest;

  Fingerprint() {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** Takes in a whole stretch: a header, a configuration file. */
  Fingerprint add(MemorySegment stretch) {
    add(stretch.byteSize());
    for (long at = 0; at < stretch.byteSize(); at += PIECE_BYTES) {
      addRaw(stretch, at, Math.min(PIECE_BYTES, stretch.byteSize() - at));
    }
    return this;
  }

  Fingerprint add(long number) {
    digest.update(ByteBuffer.allocate(8).putLong(0, number));
    return this;
  }

  /** Takes in samples of at most 64 of the tensors, evenly spread over them. */
  Fingerprint sample(List<MemorySegment> tensors) {
    int count = Math.min(SAMPLED_TENSORS, tensors.size());
    for (int i = 0; i < count; i++) {
      sample(tensors.get((int) ((long) i * tensors.size() / count)));
    }
    return this;
  }

  String hex() {
    return HexFormat.of().formatHex(digest.digest());
  }

  private void sample(MemorySegment data) {
    long size = data.byteSize();
    if (size <= SAMPLE_BYTES) {
      addRaw(data, 0, size);
      return;
    }
    int chunks = SAMPLE_BYTES / CHUNK_BYTES;
    long room = size - CHUNK_BYTES;
    for (int i = 0; i < chunks; i++) {
      long at = room / (chunks - 1) * i;
      addRaw(data, at, CHUNK_BYTES);
    }
  }

  private void addRaw(MemorySegment data, long at, long length) {
    digest.update(data.asSlice(at, length).toArray(ValueLayout.JAVA_BYTE));
  }
}
