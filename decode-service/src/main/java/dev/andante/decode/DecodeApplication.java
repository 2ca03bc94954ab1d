package dev.andante.decode;

import dev.andante.host.model.EarlyModel;
import dev.andante.service.ServiceLauncher;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** The decode service. */
@SpringBootApplication(proxyBeanMethods = false)
public class DecodeApplication {

  public static void main(String[] args) {
    ServiceLauncher.of(DecodeApplication.class, "decode").initializers(new EarlyModel()).run(args);
  }
}
