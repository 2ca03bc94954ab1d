package dev.andante.model.weights;

import dev.andante.compute.DType;
import dev.andante.compute.HostTensor;
import dev.andante.format.TensorInfo;
import dev.andante.format.WeightFile;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The tensors of a weight file. An expert's matrix is found under its own name or as a slice of a
 * tensor that stacks all experts of a layer, {@code [experts, outputs, inputs]}.
 */
public final class FileSource implements ParameterSource {

  private static final Pattern EXPERT =
      Pattern.compile("(blk\\.\\d+\\.ffn_(?:gate|up|down))\\.(\\d+)\\.weight");

  private final WeightFile file;
  private final TensorNames names;
  private final String description;
  private final Set<String> unclaimed;

  /**
   * @param names of the tensors in this file
   * @param architecture for errors
   */
  public FileSource(WeightFile file, TensorNames names, String architecture) {
    this.file = file;
    this.names = names;
    this.description = architecture + " (" + file.path().getFileName() + ")";
    this.unclaimed = new LinkedHashSet<>(file.tensors().keySet());
    this.unclaimed.removeIf(names::isIgnored);
  }

  @Override
  public String description() {
    return description;
  }

  @Override
  public String nameInFile(String name) {
    return names.inFile(name);
  }

  @Override
  public @Nullable HostTensor find(String name, long... shape) {
    HostTensor tensor = tensor(names.inFile(name));
    return tensor != null ? tensor : slice(name);
  }

  @Override
  public Set<String> unclaimed() {
    return unclaimed;
  }

  private @Nullable HostTensor slice(String name) {
    Matcher expert = EXPERT.matcher(name);
    if (!expert.matches()) {
      return null;
    }
    HostTensor stack = tensor(names.inFile(expert.group(1) + "_exps.weight"));
    int index = Integer.parseInt(expert.group(2));
    if (stack == null || stack.shape().length != 3 || index >= stack.shape()[0]) {
      return null;
    }
    int outputs = Math.toIntExact(stack.shape()[1]);
    return stack.slice(index * outputs, (index + 1) * outputs);
  }

  private @Nullable HostTensor tensor(String nameInFile) {
    TensorInfo info = file.tensors().get(nameInFile);
    if (info == null) {
      return null;
    }
    unclaimed.remove(nameInFile);
    return new HostTensor(
        nameInFile, DType.valueOf(info.type().name()), info.shape(), file.data(nameInFile));
  }
}
