/* Colorizes an image file with the SavedModel of an export, in C.
 *
 *   colorize EXPORT/saved_model INPUT OUTPUT nir.png color.png
 *
 * INPUT and OUTPUT are the names of the tensors of the signature image_bytes,
 * without ':0', as
 *   saved_model_cli show --dir EXPORT/saved_model --tag_set serve \
 *       --signature_def image_bytes
 * lists them. All it needs is TensorFlow's C API, no Python. With the libraries
 * of the Python package, DIR being the folder of that package:
 *
 *   cc -IDIR/include colorize.c -o colorize -Wl,-rpath,DIR -LDIR \
 *       -l:libtensorflow_cc.so.2 -l:libtensorflow_framework.so.2
 */

#include <stdio.h>
#include <stdlib.h>

#include "tensorflow/c/c_api.h"
#include "tensorflow/c/tf_tstring.h"

static void check(const char *what, TF_Status *status) {
  if (TF_GetCode(status) != TF_OK) {
    fprintf(stderr, "%s: %s\n", what, TF_Message(status));
    exit(1);
  }
}

static char *read_file(const char *name, size_t *size) {
  FILE *file = fopen(name, "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
    perror(name);
    exit(1);
  }
  *size = (size_t)ftell(file);
  rewind(file);
  char *data = malloc(*size);
  if (data == NULL || fread(data, 1, *size, file) != *size) {
    perror(name);
    exit(1);
  }
  fclose(file);
  return data;
}

static void write_file(const char *name, const char *data, size_t size) {
  FILE *file = fopen(name, "wb");
  if (file == NULL || fwrite(data, 1, size, file) != size ||
      fclose(file) != 0) {
    perror(name);
    exit(1);
  }
}

static TF_Output find(TF_Graph *graph, const char *name) {
  TF_Output found = {TF_GraphOperationByName(graph, name), 0};
  if (found.oper == NULL) {
    fprintf(stderr, "the model has no operation %s\n", name);
    exit(1);
  }
  return found;
}

/* Makes a tensor of one string, shape (1). */
static TF_Tensor *string_tensor(const char *data, size_t size) {
  int64_t shape[] = {1};
  TF_Tensor *tensor =
      TF_AllocateTensor(TF_STRING, shape, 1, sizeof(TF_TString));
  TF_TString *string = TF_TensorData(tensor);
  TF_StringInit(string);
  TF_StringCopy(string, data, size);
  return tensor;
}

int main(int argc, char **argv) {
  if (argc != 6) {
    fprintf(stderr, "usage: %s MODEL INPUT OUTPUT NIR COLOR\n", argv[0]);
    return 2;
  }
  TF_Status *status = TF_NewStatus();
  TF_Graph *graph = TF_NewGraph();
  TF_SessionOptions *options = TF_NewSessionOptions();
  const char *tags[] = {"serve"};
  TF_Session *session = TF_LoadSessionFromSavedModel(
      options, NULL, argv[1], tags, 1, graph, NULL, status);
  check(argv[1], status);

  size_t size;
  char *data = read_file(argv[4], &size);
  TF_Output input = find(graph, argv[2]), output = find(graph, argv[3]);
  TF_Tensor *given = string_tensor(data, size), *result = NULL;
  TF_SessionRun(session, NULL, &input, &given, 1, &output, &result, 1, NULL, 0,
                NULL, status);
  check(argv[4], status);

  const TF_TString *png = TF_TensorData(result);
  write_file(argv[5], TF_StringGetDataPointer(png), TF_StringGetSize(png));

  TF_DeleteTensor(result);
  TF_DeleteTensor(given);
  free(data);
  TF_CloseSession(session, status);
  TF_DeleteSession(session, status);
  TF_DeleteSessionOptions(options);
  TF_DeleteGraph(graph);
  TF_DeleteStatus(status);
  return 0;
}
