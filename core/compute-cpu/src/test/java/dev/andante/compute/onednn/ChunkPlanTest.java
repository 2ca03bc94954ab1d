package dev.andante.compute.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ChunkPlanTest {

  @Test
  void chunksAreEvenAndFitACache() {
    for (int threads = 1; threads <= 64; threads *= 2) {
      for (int blocks : new int[] {1, 2, 9, 15, 48, 128, 768}) {
        for (long blockBytes : new long[] {4_096, 36_864, 73_728, 1L << 20}) {
          int each = ChunkPlan.blocksPerChunk(blocks, blockBytes, threads);
          int chunks = (blocks + each - 1) / each;
          assertThat(each).isBetween(1, blocks);
          assertThat(each == 1 || each * blockBytes <= 384 * 1024).isTrue();
          assertThat(chunks).isGreaterThanOrEqualTo(Math.min(blocks, 2 * threads));
          double share = (double) ((chunks + threads - 1) / threads * each) * threads / blocks;
          if (blocks >= 8 * threads) {
            assertThat(share).as("%s blocks, %s threads", blocks, threads).isLessThan(1.35);
          }
        }
      }
    }
  }

  @Test
  void smallWeightsAreCalledForInFewCalls() {
    assertThat(ChunkPlan.blocksPerChunk(768, 4_096, 2)).isGreaterThan(8);
    assertThat(ChunkPlan.blocksPerChunk(768, 1 << 20, 2)).isEqualTo(1);
  }
}
