package dev.andante.tokenizer;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/** One tokenizer of the native library. Encoding is concurrent; closing waits for it to end. */
final class NativeTokenizer implements AutoCloseable {
  private final ReadWriteLock lock = new ReentrantReadWriteLock();
  private long handle;

  NativeTokenizer(String tokenizerJson) {
    try {
      handle = TokenizersLibrary.LIB.createTokenizerFromString(tokenizerJson);
    } catch (RuntimeException e) {
      throw new TokenizerException("the tokenizer is not valid: " + e.getMessage(), e);
    }
    TokenizersLibrary.LIB.disableTruncation(handle);
    TokenizersLibrary.LIB.disablePadding(handle);
  }

  int[] encode(String text) {
    Lock reading = lock.readLock();
    reading.lock();
    try {
      if (handle == 0) {
        throw new IllegalStateException("the tokenizer is closed");
      }
      return ids(text);
    } finally {
      reading.unlock();
    }
  }

  private int[] ids(String text) {
    long encoding;
    try {
      encoding = TokenizersLibrary.LIB.encode(handle, wellFormed(text), false);
    } catch (RuntimeException e) {
      throw new TokenizerException("the text cannot be tokenized: " + e.getMessage(), e);
    }
    try {
      long[] wide = TokenizersLibrary.LIB.getTokenIds(encoding);
      int[] ids = new int[wide.length];
      for (int i = 0; i < ids.length; i++) {
        ids[i] = Math.toIntExact(wide[i]);
      }
      return ids;
    } finally {
      TokenizersLibrary.LIB.deleteEncoding(encoding);
    }
  }

  /** An unpaired surrogate would make the binding misread the rest of the text. */
  static String wellFormed(String text) {
    StringBuilder mended = null;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (!Character.isSurrogate(c)) {
        continue;
      }
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
        continue;
      }
      if (mended == null) {
        mended = new StringBuilder(text);
      }
      mended.setCharAt(i, '\uFFFD');
    }
    return mended == null ? text : mended.toString();
  }

  @Override
  public void close() {
    Lock writing = lock.writeLock();
    writing.lock();
    try {
      if (handle != 0) {
        TokenizersLibrary.LIB.deleteTokenizer(handle);
        handle = 0;
      }
    } finally {
      writing.unlock();
    }
  }
}
