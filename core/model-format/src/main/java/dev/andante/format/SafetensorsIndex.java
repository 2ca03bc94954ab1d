package dev.andante.format;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * {@code model.safetensors.index.json}: which shard holds which tensor. Shards lie in the same
 * directory; a name that leads elsewhere is refused.
 */
record SafetensorsIndex(Path path, Map<String, String> shardOf) {
  private static final int MOST_SHARDS = 4096;

  static SafetensorsIndex parse(Path path, byte[] utf8) {
    if (!(Json.parseObject(path, utf8).get("weight_map") instanceof Map<?, ?> map)) {
      throw new ModelFormatException(path, null, -1, "has no weight_map; fetch it again");
    }
    Map<String, String> shardOf = LinkedHashMap.newLinkedHashMap(map.size());
    map.forEach(
        (tensor, shard) -> {
          String name = (String) tensor;
          if (!(shard instanceof String file) || !isPlainName(file)) {
            throw new ModelFormatException(
                path,
                name,
                -1,
                "its shard is not the plain name of a .safetensors file in this directory");
          }
          shardOf.put(name, file);
        });
    SafetensorsIndex index = new SafetensorsIndex(path, shardOf);
    if (index.shards().size() > MOST_SHARDS) {
      throw new ModelFormatException(path, null, -1, "names more than " + MOST_SHARDS + " shards");
    }
    return index;
  }

  /** File names in the order of their first tensor. */
  Set<String> shards() {
    return new LinkedHashSet<>(shardOf.values());
  }

  /** Printable ASCII, so that no platform's path rules give it another meaning. */
  private static boolean isPlainName(String file) {
    return file.endsWith(".safetensors")
        && file.length() <= 255
        && !file.startsWith(".")
        && file.chars().allMatch(c -> c > ' ' && c < 127 && c != '/' && c != '\\' && c != ':');
  }
}
