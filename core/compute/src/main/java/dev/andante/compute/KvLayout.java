package dev.andante.compute;

/**
 * The shape of a paged KV cache. One block holds {@code blockSize} tokens of every layer. On the
 * wire and in {@link KvPool#read}/{@link KvPool#write} a run of tokens is {@code
 * [layer][k|v][kvHead][token][headDim]}, little endian.
 *
 * @param layers attention layers
 * @param kvHeads key/value heads per layer
 * @param headDim elements per head
 * @param blockSize tokens per block
 * @param dtype {@link DType#F32} or {@link DType#BF16}
 */
public record KvLayout(int layers, int kvHeads, int headDim, int blockSize, DType dtype) {

  public KvLayout {
    if (layers < 1 || kvHeads < 1 || headDim < 1 || blockSize < 1) {
      throw new IllegalArgumentException(
          "KV layout must be positive: layers "
              + layers
              + ", kvHeads "
              + kvHeads
              + ", headDim "
              + headDim
              + ", blockSize "
              + blockSize);
    }
    if (dtype != DType.F32 && dtype != DType.BF16) {
      throw new IllegalArgumentException("KV cache dtype must be F32 or BF16, not " + dtype);
    }
  }

  /** Bytes of K and V of one token over all layers. */
  public long bytesPerToken() {
    return bytesPerTokenLayer() * layers;
  }

  /** Bytes of K and V of one token in one layer. */
  public long bytesPerTokenLayer() {
    return 2L * kvHeads * headDim * dtype.blockBytes();
  }

  /** Bytes of one block over all layers. */
  public long bytesPerBlock() {
    return bytesPerToken() * blockSize;
  }

  /** Blocks needed for {@code tokens} tokens. */
  public int blocksFor(int tokens) {
    return (tokens + blockSize - 1) / blockSize;
  }
}
