package dev.andante.compute.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RowTilesTest {

  /** The rows of the kernels that cover so many rows. */
  private static List<Integer> cover(RowTiles tiles, int rows) {
    List<Integer> cover = new ArrayList<>();
    for (int left = rows; left > 0; left -= cover.getLast()) {
      cover.add(tiles.first(left).rows());
    }
    return cover;
  }

  private static RowTiles tiles(OneDnn library, Kernels kernels, Workers workers) {
    assertThat(library.version()).isNotEmpty();
    return kernels.blockTiles(FloatArithmetic.BF16_IN_F32, 64, workers.mine());
  }

  @Test
  void fewRowsIdle() {
    OneDnn library = OneDnnTests.openOrSkip();
    try (Workers workers = new Workers(library);
        Kernels kernels = new Kernels(library)) {
      RowTiles tiles = tiles(library, kernels, workers);
      assertThat(tiles.kernels())
          .extracting(RowTiles.Tile::rows)
          .containsExactly(2, 4, 8, 16, 32, 64);
      assertThat(cover(tiles, 1)).containsExactly(2);
      assertThat(cover(tiles, 2)).containsExactly(2);
      assertThat(cover(tiles, 3)).containsExactly(4);
      assertThat(cover(tiles, 5)).containsExactly(4, 2);
      assertThat(cover(tiles, 12)).containsExactly(16);
      assertThat(cover(tiles, 33)).containsExactly(32, 2);
      assertThat(cover(tiles, 48)).containsExactly(64);
      assertThat(cover(tiles, 64)).containsExactly(64);
      for (int rows = 1; rows <= 200; rows++) {
        int covered = 0;
        for (int from = 0; from < rows; from += RowTiles.MOST_ROWS) {
          covered +=
              cover(tiles, Math.min(RowTiles.MOST_ROWS, rows - from)).stream()
                  .mapToInt(Integer::intValue)
                  .sum();
        }
        assertThat(covered - rows).as("%s rows", rows).isEqualTo(tiles.idleRows(rows));
        assertThat(tiles.idleRows(rows)).isBetween(0, 16);
      }
    }
  }

  /** Where the library has a kernel for many rows, few of them are not left to its plain loop. */
  @ParameterizedTest
  @ValueSource(ints = {32, 207, 576, 2048})
  void noRowsAreLeftToAPlainLoop(int inputs) {
    OneDnn library = OneDnnTests.openOrSkip();
    try (Workers workers = new Workers(library);
        Kernels kernels = new Kernels(library)) {
      ByteArithmetic bytes = new ByteArithmetic(ByteArithmetic.HALF);
      List<RowTiles.Tile> tiles = kernels.blockTiles(bytes, inputs, workers.mine()).kernels();
      assertThat(tiles).extracting(RowTiles.Tile::rows).contains(Kernels.ROWS);
      assertThat(tiles.stream().map(tile -> tile.kernel().isPlain()).distinct()).hasSize(1);
    }
  }

  @Test
  void oneKernelWillDo() {
    OneDnn library = OneDnnTests.openOrSkip();
    try (Workers workers = new Workers(library);
        Kernels kernels = new Kernels(library)) {
      RowTiles all = tiles(library, kernels, workers);
      RowTiles one =
          new RowTiles(
              all.kernels().stream().filter(tile -> tile.rows() == 16).toList(), all.packing());
      assertThat(cover(one, 1)).containsExactly(16);
      assertThat(cover(one, 33)).containsExactly(16, 16, 16);
      assertThat(one.idleRows(33)).isEqualTo(15);
    }
  }
}
